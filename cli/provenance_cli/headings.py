"""Which headings stand over which fact, in the words of potters, galleries and museums.

Headings are compared as `plain` gives them: small letters, no accents, no units.  Where a spreadsheet has several that
fit one field, the first named here counts.
"""

from __future__ import annotations

import re
import unicodedata

FIELDS: dict[str, tuple[str, ...]] = {
    "title": ("title", "name", "piece", "object", "名称", "标题", "品名", "作品", "作品名称", "器名", "文物名称",
              "藏品名称", "titre", "designation", "appellation", "nom", "object name"),
    "description": ("description", "notes", "remark", "说明", "描述", "备注", "介绍", "commentaire"),
    "maker": ("maker", "artist", "artisan", "author", "作者", "制作者", "艺人", "匠人", "artist display name",
              "artist name", "creator", "auteur", "artiste", "createur"),
    "master": ("master", "instructor", "师傅", "大师", "指导", "指导老师"),
    "visitor": ("visitor", "guest", "体验者", "客人", "游客"),
    "consent": ("consent", "consent date", "同意日期", "授权日期", "同意署名日期"),
    "teacher": ("teacher", "studied under", "师从", "老师", "师父"),
    "lineage": ("lineage", "school", "传承", "师承", "流派"),
    "studio": ("studio", "workshop", "工作室", "作坊", "窑厂", "atelier", "manufacture"),
    "form": ("form", "shape", "type", "器形", "器型", "类型", "forme", "denomination", "object name"),
    "technique": ("technique", "medium", "工艺", "技法", "materials and techniques", "material", "materials", "质地",
                  "材质", "materiaux et techniques", "materiaux techniques", "materiaux"),
    "clay_body": ("clay", "clay body", "body", "胎", "胎土", "泥料", "坯料", "pate"),
    "glaze": ("glaze", "釉", "釉色", "釉料", "glacure", "couverte"),
    "decoration": ("decoration", "motif", "纹饰", "装饰", "纹样", "decor"),
    "base_mark": ("base mark", "mark", "底款", "款识", "marque"),
    "credit_line": ("credit", "credit line", "来源", "creditline", "入藏来源", "捐赠者", "mention de credit",
                    "mode d'acquisition"),
    "made": ("made", "date", "year", "creation date", "年代", "制作年代", "年份", "制作日期", "时代", "object date",
             "dating", "period", "datation", "date de creation", "epoque", "periode"),
    "accession_number": ("accession number", "accession", "accession no", "object number", "object no",
                         "inventory number", "inventory no", "inv. no", "museum number", "registration number",
                         "藏品编号", "藏品号", "总登记号", "登记号", "文物号", "馆藏号", "入藏号",
                         "numero d'inventaire", "n° d'inventaire", "numero inventaire", "inventaire", "id", "number",
                         "编号", "货号"),
    "country": ("country", "国家", "产地国", "pays"),
    "height": ("height", "item height", "高", "高度", "通高", "hauteur"),
    "width": ("width", "item width", "宽", "宽度", "largeur"),
    "depth": ("depth", "item depth", "深", "深度", "厚", "profondeur"),
    "diameter": ("diameter", "item diameter", "直径", "径", "口径", "diametre"),
    "weight": ("weight", "重", "重量", "克重", "poids"),
    "kiln": ("kiln", "窑", "窑炉", "four"),
    "fuel": ("fuel", "燃料"),
    "fired": ("fired", "firing date", "烧成日期", "烧制日期", "开窑日期"),
    "peak": ("temperature", "peak temperature", "温度", "烧成温度", "最高温度"),
    "atmosphere": ("atmosphere", "气氛"),
    "edition": ("edition", "版次", "限量"),
    "edition_name": ("edition name", "edition title", "版名", "限量系列"),
    "set": ("set", "套", "套装", "成套", "一套"),
    "pair": ("pair", "对", "成对", "一对"),
    "part_of": ("part of", "belongs to", "属于", "所属", "所属编号"),
    "parts": ("parts", "部件", "附件", "组成"),
    "photos": ("photo", "photos", "image", "照片", "图片", "images", "photographie", "photographies"),
    "mark_photos": ("base mark photo", "mark photo", "底款照片", "款识照片"),
    "scan": ("scan", "3d scan", "3d", "扫描", "三维扫描"),
    "files": ("file", "files", "digital file", "文件", "数字文件", "作品文件"),
}  # fmt: skip
"""Field to the headings that stand for it."""
SHARED: dict[str, tuple[str, ...]] = {
    "dimensions": ("dimensions", "dimension", "measurements", "size", "尺寸", "外形尺寸", "规格", "mesures"),
    "rights": ("rights", "rights and reproduction", "rights statement", "licence", "license", "copyright",
               "terms of use",
               "版权", "版权声明", "权利", "权利声明", "使用许可", "许可", "droits", "conditions d'utilisation"),
}  # fmt: skip
"""Columns that are no fact of their own: one cell holds several measures, or a part of the credit line."""
ALL = FIELDS | SHARED
"""Every field that a column can be of."""

BRACKET = re.compile(r"\s*[(（\[]\s*([^)）\]]*)\s*[)）\]]\s*\Z")


def plain(heading: str) -> str:
    """Return a heading as it is compared: without what stands in brackets behind it."""
    heading = re.sub("(?<=[a-z])(?=[A-Z])", " ", BRACKET.sub("", heading))
    letters = unicodedata.normalize("NFD", heading.replace("_", " ").replace("’", "'"))
    letters = "".join(letter for letter in letters if not 0x300 <= ord(letter) <= 0x36F)
    return " ".join(unicodedata.normalize("NFC", letters).lower().split()).rstrip(" .:：")
