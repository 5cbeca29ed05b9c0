"""The ICE contract (API version 2020-11-09): signatures, parameters, operations, answers."""
