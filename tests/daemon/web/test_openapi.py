"""Tests of the programming interface: its description, and that its answers and those of `tintd status` are alike."""

import re
from typing import Any

from daemon.control.status import status_of
from daemon.journal.reader import opened_to_read
from daemon.web.api.openapi import description
from daemon.web.api.routes import ROUTES
from daemon.web.site.models import JobModel, StatusModel
from tests.daemon.web.conftest import Page, enter_file, finish_file


def test_every_path_is_described(page: Page) -> None:
    """With its methods, and no path that is not there."""
    told = page.browser.get("/api/v1/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    served = {
        re.sub(r":int\b", "", route.path): route.methods - {"HEAD", "OPTIONS"} for route in ROUTES if route.methods
    }
    served.pop("/openapi.json")
    methods = {"get", "post", "patch", "delete"}
    assert {
        path: {one.upper() for one in one_path if one in methods} for path, one_path in told["paths"].items()
    } == served


def test_every_reference_leads_somewhere() -> None:
    """And every parameter of a path is described."""

    def references(value: Any) -> list[str]:  # noqa: ANN401 (JSON)
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            return own + [one for inner in value.values() for one in references(inner)]
        return [one for inner in value for one in references(inner)] if isinstance(value, list) else []

    told = description("tintd_8470")
    names = {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}
    assert set(references(told)) <= names
    for path, operations in told["paths"].items():
        for operation in operations.values():
            given = operations["parameters"] if "parameters" in operations else operation["parameters"]
            named = {one["name"] for one in given if one["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))


def test_tintd_status_has_the_same_fields(page: Page) -> None:
    """The models read what `tintd status --json` prints."""
    finish_file(page.config, enter_file(page.config, "a.jpg"))
    with opened_to_read(page.config.state) as journal:
        printed = status_of(journal, None)
    StatusModel.model_validate(printed)
    assert set(JobModel.model_fields) <= set(printed["files"][0])
    own = page.browser.get("/api/v1/jobs").json()["jobs"][0]
    assert own == {name: printed["files"][0][name] if name != "notes" else own["notes"] for name in own}


def test_the_pages_of_settings_and_programs(page: Page) -> None:
    """The settings are shown but the token, which nobody may read there."""
    shown = page.browser.get("/settings").text
    assert str(page.config.folders[0].input) in shown
    assert page.credentials.token not in shown
    assert "/api/v1/jobs/{job}/retry" in page.browser.get("/api").text


def test_the_check_is_that_of_the_command(page: Page) -> None:
    """A configuration that is missing is said, as `tintd check` does."""
    assert "config.yaml" in page.browser.get("/settings/check").text


def test_a_change_without_a_service_is_refused(page: Page) -> None:
    """With what to do."""
    enter_file(page.config, "a.jpg")
    for path in ("jobs/1/retry", "jobs/1/forget", "pause", "pause?minutes=5", "resume"):
        answer = page.browser.post(f"/api/v1/{path}")
        assert answer.status_code == 503, path
        assert "tintd run" in answer.json()["error"]
    assert page.browser.post("/api/v1/jobs/9/retry").status_code == 404
    for minutes in ("x", "0", "10081", "9" * 30):
        assert page.browser.post(f"/api/v1/pause?minutes={minutes}").status_code == 422


def test_a_file_is_coloured_again_as_the_body_says(page: Page) -> None:
    """Some settings, or none; what makes no sense is refused before the service is asked."""
    job = enter_file(page.config, "a.jpg")
    bodies = {
        b"": 503,
        b"{}": 503,
        b'{"vividness": 0.5, "working_size": "native"}': 503,
        b'{"vividness": 7}': 422,
        b'{"vividnes": 1}': 422,
        b"[]": 422,
        b"vividness=1": 422,
        b"\xff": 422,
        b"[" * 60_000: 422,
        b" " * 70_000: 413,
    }
    for body, status in bodies.items():
        assert page.browser.post(f"/api/v1/jobs/{job}/recolor", content=body).status_code == status, body[:50]


def test_a_limit_that_makes_no_sense_is_refused(page: Page) -> None:
    """However many digits it has."""
    for limit in ("0", "501", "-1", "+5", "1e2", "", "9999999999", "0" * 30 + "5", "9" * 5000, "٣"):
        answer = page.browser.get("/api/v1/jobs", params={"limit": limit})
        assert answer.status_code == 422, limit[:50]
        assert answer.json() == {"error": "limit must be a number from 1 to 500"}
