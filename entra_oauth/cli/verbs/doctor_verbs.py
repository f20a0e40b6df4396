"""This machine, its network and the registration looked at: doctor."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.cli.command_line.declare import Verb, flag, group
from entra_oauth.cli.options.app_options import AppOptions
from entra_oauth.cli.options.network_options import NetworkOptions
from entra_oauth.cli.options.output_options import OutputOptions
from entra_oauth.cli.options.page_options import SignInPageOptions
from entra_oauth.cli.options.recording_options import RecordingOptions

__all__ = ["VERBS", "DoctorOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorOptions:
    """`doctor`."""

    registration: bool = flag("print the portal's steps for your ids instead")
    classroom: bool = flag(
        "one line, PASS or FAIL: whether this machine is ready for the lessons",
        name="class",
        key="doctor-class",
    )
    app: AppOptions = group(AppOptions, without=("scope", "workspace_url", "account"))
    page: SignInPageOptions = group(SignInPageOptions, only=("redirect_uri",))
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


VERBS = (
    Verb(
        name="doctor",
        module="doctor.doctor",
        options=DoctorOptions,
        description="Look at browser, ports, proxy, certificates, clock and token store, and "
        "ask the authority for its discovery document: one request, without any secret. Exit "
        "code 8 means that something on this machine is in the way, 6 that the network is.",
        examples=(
            "entra-oauth doctor",
            "entra-oauth doctor --registration --tenant TENANT --client-id CLIENT",
            "entra-oauth doctor --class",
        ),
    ),
)
