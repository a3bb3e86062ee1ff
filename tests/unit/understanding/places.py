"""A small town of its own for the readers' tests."""

from intake.understanding.gazetteer import Gazetteer

TOWN = Gazetteer.from_rows(
    [
        ("幸福里", "community", "N1", "幸福里小区|老幸福"),
        ("兴福里", "community", "N2", ""),
        ("梧桐苑", "community", "N1", "梧桐苑小区"),
        ("青云巷", "road", "N3", "青云胡同"),
        ("长乐坊", "community", "N3", "长乐坊小区"),
        ("长乐路", "road", "N3", ""),
        ("碧水花园", "community", "N4", "碧水"),
        ("望江楼", "building", "N4", ""),
        ("纺织厂家属院", "community", "N5", "棉纺大院"),
        ("城北医院", "facility", "N5", "北医"),
        ("第一人民医院", "facility", "N1", "一院|市一院"),
        ("人民公园", "facility", "N1", ""),
        ("松鹤公寓", "building", "N2", "松鹤楼"),
        ("朝阳北路", "road", "N2", ""),
        ("朝阳南路", "road", "N2", ""),
        ("丹桂新村", "community", "N6", "丹桂村"),
    ]
)
