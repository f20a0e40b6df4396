"""Groups of tests by what they need and how long they take, as marks.

`foreign` needs a large foreign program, or takes over 20 seconds. `slow` starts
processes, or its file takes over a second and a half. What is neither is quick:
`scripts/test.py --quick` runs it alone, and the whole without the foreign ones.
What a mark of `needs` names is foreign by itself; all else stands here, measured.
A quick file that has become slow is named at the end of every run, so that it is listed.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from kit import needs

__all__ = [
    "FOREIGN",
    "NAMES",
    "SLOW",
    "group_of",
    "is_left_out",
    "mark",
    "measured",
    "no_longer_quick",
    "seconds",
]

NAMES = ("quick", "slow", "foreign")

TESTS = Path(__file__).parents[2]

NO_LONGER_QUICK_S = 6.0
"""Seconds of a file's quick tests beside three other runs, which double the second and a half."""

FOREIGN = {
    "against/cloud/test_clients_workload.py": 17,
    "against/cloud/test_clients_databricks.py": 25,
    "against/fleet/test_managed_identities.py": 60,
    "against/test_clients_python.py": 40,
    "cli/get_tokens/test_asker.py::test_a_hundred_processes_with_one_expired_token_of_an_app"
    "_ask_once": 15,
    "cli/get_tokens/test_asker.py"
    "::test_a_hundred_programs_that_run_with_one_expired_token_of_an_app_ask_once": 28,
    "cli/get_tokens/test_identity_flow.py"
    "::test_a_hundred_processes_with_one_expired_token_of_an_identity_ask_once": 50,
    "lessons/test_kit.py::test_every_command_of_a_page_runs": 22,
    "lessons/test_kit.py::test_what_is_made_is_current": 8,
    "lessons/test_stick.py::test_it_has_compiled_wheels_for_each_python_that_it_names": 20,
    "lessons/test_stick.py::test_it_has_the_documents_and_no_place_of_this_machine": 20,
    "lessons/test_stick.py::test_it_installs_without_an_index": 35,
    "lessons/test_stick.py::test_it_names_what_it_is_for": 20,
    "scripts/test_touches.py::test_no_verb_touches_what_is_not_published": 24,
}
"""Seconds of work (user and system, with those of the processes that it starts)."""

SLOW: dict[str, float] = {
    "adapters/test_adapters.py": 4.1,
    "adapters/test_app_tokens.py": 2.9,
    "adapters/test_async_http.py": 2.5,
    "adapters/test_azure.py": 2.0,
    "adapters/test_identity_service.py": 3.0,
    "adapters/test_python_page.py": 9.0,
    "against/azure/test_azure_defaults.py": 4.0,
    "against/captures/test_captured_clients.py": 37.0,
    "against/captures/test_captures_page.py": 3.4,
    "against/cloud/test_clients_databricks.py": 25.0,
    "against/cloud/test_clients_workload.py": 17.0,
    "against/fleet/test_exchange_beside_sdk.py": 55.1,
    "against/fleet/test_fleet_page.py": 12.0,
    "against/fleet/test_serve_identity.py": 25.0,
    "against/linted/test_lint_of_clients.py": 5.8,
    "against/linted/test_lint_recorded_clients.py": 8.0,
    "against/linted/test_recorded_clients.py": 7.5,
    "against/linted/test_who_sent_what.py": 5.8,
    "against/test_clients_msal.py": 9.8,
    "against/test_clients_python.py": 40.0,
    "against/test_curl_by_hand.py": 1.3,
    "against/test_curl_replay.py": 0.8,
    "against/test_foreign_sweep.py": 8.2,
    "against/test_listener_abuse.py": 9.2,
    "against/test_practice_run.py": 7.9,
    "audit/bulk/test_from_bytes.py": 3.0,
    "audit/bulk/test_pool.py": 12.0,
    "audit/contract/test_contract_secrets.py::test_no_planted_secret_stands_in_a_contract": 2.5,
    "audit/contract/test_mutations.py": 31.5,
    "audit/contract/test_same_client.py": 10.1,
    "audit/test_inputs.py": 2.2,
    "audit/test_producers.py": 7.0,
    "audit/test_rules.py": 33.0,
    "audit/test_sarif.py": 1.8,
    "cache/test_faults.py": 8.9,
    "channels/https/test_back_answers.py": 5.8,
    "channels/https/test_back_deadline.py": 15.8,
    "channels/https/test_back_proxy.py": 3.8,
    "channels/https/test_back_secrets.py::test_no_failure_leads_to_a_secret": 2.3,
    "channels/https/test_back_warm.py": 8.6,
    "channels/https/test_early_connection.py"
    "::test_an_error_is_the_same_with_and_without_overlap": 1.5,
    "channels/https/test_early_connection.py"
    "::test_it_is_begun_before_the_transport_is_imported": 1.0,
    "channels/https/test_environment_proxy.py": 20.8,
    "channels/listener/test_listener.py": 2.7,
    "channels/listener/test_obstacles.py": 13.4,
    "channels/listener/test_system_browser.py": 1.1,
    "channels/loopback/test_host.py": 1.7,
    "channels/paste/test_listen_or_paste.py": 0.9,
    "channels/terminal/test_terminal.py": 3.3,
    "channels/terminal/test_windows.py::test_keys_are_the_text_that_they_type": 2.4,
    "cli/article/test_exchange.py": 1.8,
    "cli/article/test_mirror.py": 1.0,
    "cli/audit/test_escapes.py": 9.4,
    "cli/audit/test_foreign_files.py": 5.8,
    "cli/audit/test_handed_on.py": 2.7,
    "cli/audit/test_hostile_files.py": 13.2,
    "cli/audit/test_lint.py": 2.3,
    "cli/audit/test_lint_folder.py": 12.0,
    "cli/audit/test_lock_and_check.py": 15.7,
    "cli/audit/test_memory_need.py": 4.7,
    "cli/audit/test_seal_by_sign_in.py": 3.6,
    "cli/audit/test_timeline.py"
    "::test_the_commands_of_the_page_run_and_the_examples_say_what_they_are": 2.1,
    "cli/command_line/test_arguments.py": 4.0,
    "cli/command_line/test_gone_reader.py": 9.0,
    "cli/command_line/test_values.py": 2.5,
    "cli/command_line/test_whole_process.py": 21.0,
    "cli/doctor/test_doctor.py": 4.7,
    "cli/get_tokens/test_asker.py": 10.9,
    "cli/get_tokens/test_exchange_killed.py": 5.7,
    "cli/get_tokens/test_exchange_option.py": 10.8,
    "cli/get_tokens/test_federated_exchange.py": 13.6,
    "cli/get_tokens/test_federated_sources.py": 23.2,
    "cli/get_tokens/test_forged.py": 6.5,
    "cli/get_tokens/test_identity_flow.py": 20.0,
    "cli/get_tokens/test_login.py": 5.8,
    "cli/get_tokens/test_login_imports.py": 3.5,
    "cli/get_tokens/test_other_flows.py": 1.9,
    "cli/get_tokens/test_token.py": 14.9,
    "cli/lessons/test_demo.py": 3.1,
    "cli/lessons/test_demo_report.py"
    "::test_the_report_goes_where_it_is_asked_to_and_the_next_one_takes_the_place_of_the_last": 1.4,
    "cli/lessons/test_learn.py": 7.1,
    "cli/lessons/test_learn_beside_pages.py": 9.0,
    "cli/lessons/test_learn_spot.py": 21.1,
    "cli/practice/test_change.py": 1.4,
    "cli/practice/test_kept_in_a_run.py": 6.0,
    "cli/practice/test_practice.py": 4.5,
    "cli/practice/test_record_programs.py": 1.0,
    "cli/practice/test_scenarios.py": 14.0,
    "cli/practice/test_workloads.py": 2.0,
    "cli/session/test_console.py::test_nothing_is_printed_past_the_console": 3.2,
    "cli/session/test_prompts.py": 2.5,
    "cli/session/test_record_option.py": 3.1,
    "cli/session/test_secrets.py": 9.0,
    "cli/shell_completion/test_shell_completion.py": 4.8,
    "cli/sign_in/test_choose_receiver.py": 6.8,
    "cli/sign_in/test_only_sign_in.py": 4.2,
    "cli/test_decode.py": 1.9,
    "cli/use_tokens/test_api.py": 2.5,
    "cli/use_tokens/test_exchange_handed_on.py": 5.9,
    "cli/use_tokens/test_serve_identity.py": 15.0,
    "flows/proofs/test_federated_command.py"
    "::test_a_command_that_does_not_end_is_stopped_with_all_that_it_started": 2.0,
    "flows/test_against_authlib.py": 4.3,
    "flows/test_device_code.py"
    "::test_a_thousand_times_pending_is_patience_until_the_code_has_expired": 1.9,
    "flows/test_id_token_signature.py::test_keys_that_cannot_be_had_are_a_warning": 3.0,
    "flows/test_id_token_signature.py"
    "::test_where_keys_cannot_be_looked_for_again_an_unknown_one_is_still_refused": 3.0,
    "flows/test_token_answers.py"
    "::test_a_bad_answer_is_one_clear_error_and_the_code_was_sent_once": 9.6,
    "lessons/page/test_site.py": 12.0,
    "lessons/spot/test_planted_faults.py": 8.7,
    "lessons/test_kit.py": 1.7,
    "lessons/test_lab_process.py": 14.0,
    "lessons/test_lab_repairs.py": 2.4,
    "lessons/test_lab_reruns.py": 20.0,
    "lessons/test_labs.py": 21.5,
    "lessons/test_learn_chapters.py": 2.2,
    "lessons/test_learn_checks.py::test_no_text_breaks_the_checker_of_addresses": 3.4,
    "lessons/test_learn_checks.py::test_what_is_right_in_other_words_is_taken": 1.2,
    "lessons/test_stick.py::test_where_no_wheel_fits_it_says_where_to_read_what_does": 16.4,
    "lessons/test_worksheets.py::test_ten_to_twelve_places_are_blank_and_numbered_in_order": 3.8,
    "practice/directory/test_file_lines.py"
    "::test_every_value_of_the_default_file_is_found_on_a_line_with_its_key": 1.1,
    "practice/request/test_bad_input.py": 1.8,
    "practice/request/test_redirects.py": 1.8,
    "practice/run/test_other_peoples_tests.py": 3.5,
    "practice/server/test_hosts.py": 2.0,
    "practice/server/test_proxy.py": 3.1,
    "practice/signing/test_key_file.py": 2.4,
    "practice/test_pytest.py": 5.0,
    "practice/test_tenant.py": 2.7,
    "practice/token/test_app_grants.py": 3.8,
    "practice/token/test_token_endpoint.py::test_a_token_request_is_granted": 2.2,
    "practice/token/test_token_endpoint.py::test_a_token_request_is_refused": 3.0,
    "practice/token/test_tokens.py": 1.9,
    "practice/workspace/test_workspace.py::test_a_token_that_is_not_good_is_refused": 1.9,
    "protocol/endpoints/test_authorize.py": 2.8,
    "protocol/endpoints/test_client_auth.py": 1.9,
    "protocol/endpoints/test_token.py": 4.2,
    "protocol/glossary/test_lookup.py": 7.2,
    "protocol/glossary/test_parameters.py": 2.0,
    "protocol/test_jwt.py": 2.3,
    "protocol/test_messages.py": 2.2,
    "recording/har/test_har_authority.py": 1.5,
    "recording/har/test_har_redact.py": 1.7,
    "recording/har/test_har_select.py": 1.5,
    "recording/har/test_redaction_work.py": 3.2,
    "recording/importing/test_curl_files.py": 2.4,
    "recording/importing/test_mitm_flows.py": 2.9,
    "recording/importing/test_readers.py": 3.2,
    "recording/importing/test_same_verdicts.py": 35.0,
    "recording/redaction/test_cookies.py": 3.5,
    "recording/redaction/test_media.py": 10.5,
    "recording/redaction/test_redact.py": 6.3,
    "recording/redaction/test_secrets.py": 9.2,
    "recording/redaction/test_twice.py": 12.0,
    "recording/test_growth.py": 9.0,
    "recording/test_seal.py": 0.3,
    "scripts/test_article_scripts.py": 14.4,
    "scripts/test_live_check.py": 1.9,
    "scripts/test_packet.py": 8.0,
    "scripts/test_packet_core.py": 15.0,
    "scripts/test_scripts.py": 6.9,
    "scripts/test_touches.py": 8.0,
    "scripts/test_workers.py": 2.6,
    "test_architecture.py::test_a_verb_that_is_not_in_the_core_says_so": 3.0,
    "test_architecture.py::test_the_core_is_one_file_of_sources_that_imports_whole": 1.5,
    "test_architecture.py::test_the_core_without_a_linter_says_so_and_goes_on": 0.5,
    "test_guards.py": 7.1,
    "test_house.py": 2.7,
    "test_package.py": 5.5,
}
"""The same, of each file or of one test in it, on two busy cores."""


def mark(items: list[pytest.Item]) -> None:
    """Give each test the mark of its group."""
    for item in items:
        names = set(_names(item))
        if names & FOREIGN.keys() or any(map(needs.is_large, item.iter_markers("skipif"))):
            item.add_marker(pytest.mark.foreign)
        elif names & SLOW.keys():
            item.add_marker(pytest.mark.slow)


def _names(item: pytest.Item) -> Iterator[str]:
    file = _file(item.path)
    yield file
    yield f"{file}::{getattr(item, 'originalname', item.name)}"


@cache
def _file(path: Path) -> str:
    return path.relative_to(TESTS).as_posix() if path.is_relative_to(TESTS) else ""


def is_left_out(path: Path, words: list[str]) -> bool:
    """Say of a file whether a mark expression of these words wants nothing of it.

    Only an expression in which nothing but `and` joins is understood.
    """
    tables: dict[str, Collection[str]] = {"not-foreign": FOREIGN, "not-slow": SLOW}
    return set(words) <= {"and", *tables} and any(_file(path) in tables[w] for w in words[::2])


def measured(path: Path) -> float:
    """Seconds of work of a file that stands in a table, else 0."""
    return sum(of for name, of in (FOREIGN | SLOW).items() if name.startswith(_file(path) or "-"))


def seconds(stats: Mapping[str, Sequence[object]]) -> dict[str, float]:
    """The time that the tests of each group took, from pytest's reports."""
    took = dict.fromkeys(NAMES, 0.0)
    for report in itertools.chain.from_iterable(stats.values()):
        if isinstance(report, pytest.TestReport):
            took[group_of(report)] += report.duration
    return took


def group_of(report: pytest.TestReport) -> str:
    """The group of the test that is reported."""
    return next((name for name in ("foreign", "slow") if name in report.keywords), "quick")


def no_longer_quick(stats: Mapping[str, Sequence[object]]) -> dict[str, float]:
    """The files whose quick tests took too long for quick ones, with their seconds."""
    took: dict[str, float] = {}
    for report in itertools.chain.from_iterable(stats.values()):
        if isinstance(report, pytest.TestReport) and group_of(report) == "quick":
            file = report.nodeid.partition("::")[0]
            took[file] = took.get(file, 0.0) + report.duration
    return {file: of for file, of in took.items() if of > NO_LONGER_QUICK_S}
