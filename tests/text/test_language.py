import socket

import pytest

from ta_pipeline.text import language
from ta_pipeline.text.language import detect_language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("速度是描述物体运动快慢的物理量。", "zh"),
        ("用 F = ma 求加速度 a，再用 v = v0 + at 求末速度", "zh"),
        ("**Dynamics** (动力学) is the part of mechanics that explains why motion changes.", "en"),
        ("how high does the roof ball get", "en"),
        ("太阳，柠檬，向日葵。", "zh"),
        ("重力加速度會隨緯度改變", "zh"),
        ("You are given a sentence in Italian. Translate it and say what it means: Il gatto dorme.", "en"),
        ("Der Impuls bleibt erhalten, wenn keine Kraft von außen auf die Körper wirkt.", "de"),
        ("De snelheid is de afgeleide van de plaats en heeft de richting van de beweging.", "nl"),
        ("La vitesse est la dérivée de la position par rapport au temps, on la note souvent v.", "fr"),
        ("速度とは物体の運動の速さと向きを表す量です", "ja"),
        ("$F = ma$", ""),
        ("12 + 3 = 15", ""),
        ("```python\nfor i in range(3): print(i)\n```", ""),
    ],
)
def test_the_language_of_prose_is_told(text, code):
    assert detect_language(text) == code


def test_no_network_is_needed(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked")

    language._detector.cache_clear()
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert detect_language("The net force on a body in equilibrium is zero.") == "en"


def test_a_long_text_without_spaces_is_read_in_time():
    sentences = "化学反应速率与温度有关。" * 60_000
    assert detect_language(sentences) == "zh"
    assert detect_language(sentences + "a@b.cn") == "zh"
