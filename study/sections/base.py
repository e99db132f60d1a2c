"""What every section's class builds on: strict checking, common types, validators."""

from itertools import pairwise
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]

FASHION_MNIST = (
    "fashion-mnist/train-images-idx3-ubyte.gz",
    "fashion-mnist/train-labels-idx1-ubyte.gz",
    "fashion-mnist/t10k-images-idx3-ubyte.gz",
    "fashion-mnist/t10k-labels-idx1-ubyte.gz",
)


def increasing(*fields: str):
    """A validator for lists whose values must increase.

    Parameters
    ----------
    *fields : str
        Names of the section's parameters that it checks.

    Returns
    -------
    object
        The validator, to be bound to a name in the body of the section's class. It refuses a list
        with a value that is not larger than the one before.
    """
    return field_validator(*fields)(_increasing)


def _increasing(values: list, info: ValidationInfo) -> list:
    """The values, if each is larger than the one before."""
    if any(later <= earlier for earlier, later in pairwise(values)):
        raise ValueError(f"the {info.field_name.replace('_', ' ')} must increase")
    return values


class Section(BaseModel):
    """Base of all sections: unknown keys, NaN and silent conversions are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    # Names of the data store's archives that the runner fetches before the notebook runs.
    archives: ClassVar[tuple[str, ...]] = ()
    # Files of the study that the notebook reads: where one changes, the section runs again.
    files: ClassVar[tuple[str, ...]] = ()

    seed: int = Field(ge=0, description="first seed; split k uses seed + k")
    simulated: bool = Field(
        description="stand-in data of the same columns and sizes instead of real data"
    )


class TakesTable(Section):
    """A section that also runs on a table of the reader's."""

    your_table: str = Field(
        description=(
            "a table of yours, compared beside the others; make diagnose writes this and the next "
            "five, empty for none"
        )
    )
    your_table_sha256: str = Field(description="its SHA-256")
    your_task: str = Field(description="its column whose values are the tasks")
    your_target: list[str] = Field(description="its target columns")
    your_group: str = Field(description="its column that a split never cuts")
    your_keep: list[str] = Field(description="its inputs that look like row numbers and are kept")
