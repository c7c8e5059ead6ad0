"""What answers about records have in common: the place as it may be shown, and how a list is asked for."""

from typing import Any

from marshmallow import Schema, fields, validate

from server.sensitivity.listing import NEWEST, SORTS
from server.web.paging import PageSchema


class PlaceSchema(Schema):
    """由公布的格网得出；受保护记录的坐标是格网中心，不是实际位置"""

    level = fields.Integer(metadata={"description": "0 不受限；1 最严 … 4 最宽"})
    latitude = fields.Float(allow_none=True)
    longitude = fields.Float(allow_none=True)
    uncertainty_m = fields.Float(allow_none=True)
    cell_x = fields.Integer(allow_none=True)
    cell_y = fields.Integer(allow_none=True)
    county_code = fields.String(allow_none=True)
    county_name = fields.String(allow_none=True)
    prefecture_name = fields.String(allow_none=True)
    in_scope = fields.Boolean(allow_none=True)
    uncertain = fields.Boolean(allow_none=True)
    grid_cell = fields.String(allow_none=True)
    altitude_m = fields.Float(allow_none=True)
    data_generalizations = fields.String(allow_none=True)
    information_withheld = fields.String(allow_none=True)


class ListSchema(PageSchema):
    sort = fields.String(load_default=NEWEST, validate=validate.OneOf(SORTS))
    count = fields.Boolean(load_default=False)


class CountSchema(Schema):
    open = fields.Integer()
    guarded = fields.Raw(metadata={"description": '受保护记录数；少于 5 条时为 "<5"', "type": ["integer", "string"]})


class ObservedSchema(Schema):
    id = fields.UUID()
    level = fields.Integer()
    listed_on = fields.Date(metadata={"description": "收到之日；1、2 级为当月首日"})
    survey_id = fields.UUID()
    observed_from = fields.AwareDateTime(format="iso", allow_none=True)
    observed_to = fields.AwareDateTime(format="iso", allow_none=True)
    date_precision = fields.String(allow_none=True)
    place = fields.Nested(PlaceSchema, allow_none=True)


class MeasurementSchema(Schema):
    code = fields.String()
    value = fields.String()
    unit = fields.String(allow_none=True)
    canonical_value = fields.Decimal(as_string=True, allow_none=True)
    canonical_unit = fields.String(allow_none=True)
    method = fields.String(allow_none=True)


def paged(item: type[Schema]) -> Any:
    name = item.__name__.removesuffix("Schema") + "List"
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item)),
            "next": fields.String(allow_none=True),
            "count": fields.Nested(CountSchema),
        },
        name=name,
    )
