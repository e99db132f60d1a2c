"""The parameters of each section: types, ranges and what they mean. Values live in params/*.yaml.

One class per notebook. The first line of its docstring is the notebook's title. A field's
description is the comment that readers see in the YAML file and the help text. A wrong value is
refused before any kernel starts.
"""

from study.sections.base import Section, TakesTable
from study.sections.classical_mtl import ClassicalMTL
from study.sections.fedem import FedEMWorld
from study.sections.federated_mtl import FederatedMTL
from study.sections.mocha import MochaWorld
from study.sections.own_inputs_own_losses import OwnInputsOwnLosses
from study.sections.same_inputs import SameInputs
from study.sections.same_loss import SameLoss
from study.sections.what_is_a_task import WhatIsATask

SECTIONS: dict[str, type[Section]] = {
    "00_what_is_a_task": WhatIsATask,
    "01_classical_mtl": ClassicalMTL,
    "02_federated_vs_classical": FederatedMTL,
    "02a_fedem": FedEMWorld,
    "02b_mocha": MochaWorld,
    "03a_same_inputs_different_losses": SameInputs,
    "03b_different_inputs_different_losses": OwnInputsOwnLosses,
    "03c_different_inputs_same_loss": SameLoss,
}

__all__ = [
    "SECTIONS",
    "ClassicalMTL",
    "FedEMWorld",
    "FederatedMTL",
    "MochaWorld",
    "OwnInputsOwnLosses",
    "SameInputs",
    "SameLoss",
    "Section",
    "TakesTable",
    "WhatIsATask",
]
