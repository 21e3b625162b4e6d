"""Engines that train one model, behind one protocol (`types.py`); `train.engine` names one."""

TRAIN_ENGINES = ("torch", "deepspeed")
