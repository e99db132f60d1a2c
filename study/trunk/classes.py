"""The classes of CIFAR-100: which of them the trunk sees, and which are left for questions.

Four superclasses are left out whole. The people are those of the material. Wolves and foxes, which
stand beside them in 03c, belong to the next two. Vehicles are a fourth that lives in no wood.
"""

SUPERCLASSES = {
    "aquatic mammals": "beaver dolphin otter seal whale",
    "fish": "aquarium_fish flatfish ray shark trout",
    "flowers": "orchid poppy rose sunflower tulip",
    "food containers": "bottle bowl can cup plate",
    "fruit and vegetables": "apple mushroom orange pear sweet_pepper",
    "household electrical devices": "clock keyboard lamp telephone television",
    "household furniture": "bed chair couch table wardrobe",
    "insects": "bee beetle butterfly caterpillar cockroach",
    "large carnivores": "bear leopard lion tiger wolf",
    "large man-made outdoor things": "bridge castle house road skyscraper",
    "large natural outdoor scenes": "cloud forest mountain plain sea",
    "large omnivores and herbivores": "camel cattle chimpanzee elephant kangaroo",
    "medium-sized mammals": "fox porcupine possum raccoon skunk",
    "non-insect invertebrates": "crab lobster snail spider worm",
    "people": "baby boy girl man woman",
    "reptiles": "crocodile dinosaur lizard snake turtle",
    "small mammals": "hamster mouse rabbit shrew squirrel",
    "trees": "maple_tree oak_tree palm_tree pine_tree willow_tree",
    "vehicles 1": "bicycle bus motorcycle pickup_truck train",
    "vehicles 2": "lawn_mower rocket streetcar tank tractor",
}
# The official order of the fine labels is that of the alphabet.
CLASSES = tuple(sorted(" ".join(SUPERCLASSES.values()).split()))
FOR_QUESTIONS = ("people", "large carnivores", "medium-sized mammals", "vehicles 1")
LEFT_OUT = tuple(sorted(" ".join(SUPERCLASSES[name] for name in FOR_QUESTIONS).split()))
SEEN = tuple(name for name in CLASSES if name not in LEFT_OUT)
