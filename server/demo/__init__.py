"""The demonstration: a generated day in the field, through the real road, to two reports. Every output says 演示数据."""
