"""The list, the feature table, and a sample to train on, made with Spark from tables of any size.

Spark reads the tables, moves rows about and writes results; what becomes of a row is decided by the program `churn`
alone, which each task starts as a child. So a customer's row is the same, to the bit, as `churn features` makes it on
one machine. PySpark comes with the platform; the wheel of this package has to be installed on every machine.
"""

from churn_risk.spark._churn import Churn

__all__ = ["Churn"]
