"""Browsers inside other apps, above all WeChat's: no address bar, no downloads, no drag and drop."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request

_APPS = re.compile(
    r"MicroMessenger|\bQQ/|Weibo|AlipayClient|DingTalk|aweme|BytedanceWebview|XiaoHongShu|discover/|FBA[NV]/|Instagram"
    r"|\bLine/|KAKAOTALK|NAVER\(inapp"
)


def is_in_app(request: Request[Any, Any, Any]) -> bool:
    """Tell whether a page is shown inside an app, as far as the browser says."""
    return _APPS.search(request.headers.get("user-agent", "")[:500]) is not None
