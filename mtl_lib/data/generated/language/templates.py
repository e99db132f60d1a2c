"""What the grammar can say: values of slots, templates of intents."""

PLACES = (
    *("paris", "rome", "new york", "lima", "oslo", "cape town", "hanoi", "quito"),
    *("bologna", "java", "turkey", "champagne"),
)
DISHES = (
    *("pizza", "green curry", "soup", "pad thai", "salad", "tacos", "fried rice", "noodles"),
    *("bologna", "java", "turkey", "champagne"),
)
SLOTS = {
    "origin": PLACES,
    "destination": PLACES,
    "city": PLACES,
    "dish": DISHES,
    "day": ("today", "tomorrow", "friday", "next monday", "this weekend"),
    "people": ("two", "four", "a party of six", "the whole family"),
}
# Sentences that occur under two intents ("how much is turkey", "show me something for friday") make
# the slots necessary for the intent, or the intent undecidable.
INTENTS = {
    "flight": (
        "book a flight from {origin} to {destination}",
        "fly me to {destination} {day}",
        "i want {destination} {day}",
        "from {origin} to {destination} {day}",
        "show me something for {day}",
    ),
    "fare": (
        "how much is a ticket to {destination}",
        "how much is {destination}",
        "what does {origin} to {destination} cost",
    ),
    "table": (
        "book a table for {people} {day}",
        "a table in {city} for {people}",
        "show me something for {day}",
    ),
    "order": (
        "i want {dish}",
        "i want {dish} {day}",
        "send {dish} and {dish} {day}",
        "get me {dish} for {people}",
    ),
    "price": ("how much is {dish}", "what does {dish} cost"),
    "recipe": (
        "how do i make {dish}",
        "show me something with {dish}",
        "i want to cook {dish} for {people}",
    ),
}
