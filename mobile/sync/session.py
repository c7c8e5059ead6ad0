"""One meeting with the server: enrolment, or session, batches, photos, changes, packs."""

import time
from collections.abc import Callable
from typing import Any

from mobile.device.ports import Device
from mobile.store.store import Store
from mobile.sync.batches import BatchRound
from mobile.sync.enrolment import begin_anew, enrol, meet_known
from mobile.sync.failures import BrokenAnswer, CredentialRefused, NotReady, Refused, SyncFailure
from mobile.sync.forking import fork
from mobile.sync.invitation import read_invitation
from mobile.sync.patience import PAUSES_S
from mobile.sync.pulling import cursor_told, pull
from mobile.sync.reference import fetch_species, keep_notices, known_notices, pin_key
from mobile.sync.report import SyncReport, in_words
from mobile.sync.seal_key import keep_seal_key
from mobile.sync.signatures import Signer, agree_on_key
from mobile.sync.team import pull_team, team_cursor_told
from mobile.sync.transport import Transport
from mobile.sync.uploads import PhotoRound, wifi_words
from shared.checks import CLOCK_TOLERANCE
from shared.clock import parse_aware
from shared.taxon_pack import KIND

NEW_ADDRESS = "服务器地址已更改：旧凭证不会发给新地址，请输入新服务器的登记码，或改回原来的地址；记录都还在平板上"
NO_CREDENTIAL = "平板上没有这份数据的凭证（数据可能从备份恢复，或来自另一台平板）：请向管理员索取新的登记码，由本人重新登记；记录都还在平板上"


class SyncSession:
    def __init__(self, store: Store, device: Device, sleep: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._device = device
        self._sleep = sleep

    def enrol(self, code: str, device_name: str) -> SyncReport:
        """`code`: a bare code, or the text of a QR code, which brings the server's address along."""
        report = SyncReport()
        with in_words(report):
            invitation = read_invitation(code)
            enrol(
                self._store, self._device.device_key, invitation, self._address(invitation.server), device_name, report
            )
            self._with_transport(lambda transport: self._fetch_reference(transport, self._open(transport), report))
        return report

    def run(
        self, tell: Callable[[str], None] = lambda _: None, by_hand: bool = True, originals_now: bool = False
    ) -> SyncReport:
        """Everything that waits. `by_hand` ignores the pauses between tries; `originals_now` sends them whatever the network costs.
        Problems are in the report, never raised."""
        report, told_before = SyncReport(), self._store.twins.parted_words()
        with in_words(report):
            self._with_transport(lambda transport: self._meet(transport, report, tell, by_hand, originals_now))
            if told_before and by_hand and not report.problems:  # somebody looked
                self._store.twins.was_told(told_before)
            self._after(report)
        return report

    def _after(self, report: SyncReport) -> None:
        clock = self._device.clock
        self._store.twins.counted()
        if words := self._store.twins.words():
            report.warn(words)
        server_now = self._store.server_time.now(clock.monotonic_ms())
        self._store.media.free(server_now, self._device.storage.free_bytes(), clock.now())
        self._store.copies.daily(clock.now())
        if not report.problems and not self._store.deliveries.damaged_count():
            self._store.copies.synced()

    def wifi_words(self) -> str:
        """What waits for a network without a price; empty where nothing does."""
        return wifi_words(self._store, self._device.network.metered())

    def _meet(
        self,
        transport: Transport,
        report: SyncReport,
        tell: Callable[[str], None],
        by_hand: bool,
        originals_now: bool,
    ) -> None:
        tries = self._patiently if by_hand else _once
        chosen = self._store.surveys.chosen()
        offer = tries(lambda: self._open(transport))
        if chosen and all(survey.survey_id != chosen.survey_id for survey in self._store.surveys.all()):
            report.warn(f"调查“{chosen.title}”已不再分配给您，新记录不再归入它：请在首页核对所选调查；已保存的记录不变")
        clock, now = self._store.identity.clock_words(), self._device.clock.now
        if clock and abs(self._store.identity.clock_offset()) >= CLOCK_TOLERANCE:
            report.warn(clock)
        signer = Signer(self._device.device_key, self._store.identity.device_id())
        tries(lambda: agree_on_key(signer, transport, offer, self._store.identity.credential() or "", report))
        batches = BatchRound(self._store, transport, now, report, tell, signer)
        try:
            tries(lambda: batches.run(by_hand))
        except Refused as refusal:
            report.trouble(str(refusal))  # our server speaks: photos go, and what it has for us comes, all the same
        photos = PhotoRound(self._store, transport, self._device, report, tell, by_hand, originals_now)
        try:
            tries(photos.run)
        except SyncFailure as failure:
            if not failure.again:
                raise
            report.trouble(str(failure))  # what the server has for us is fetched all the same
        tell("正在接收服务器的变化")
        if report.sent or offer.get("news") is not False:
            tries(lambda: pull(self._store, transport, report))
        if offer.get("team_news") is True:
            tries(lambda: pull_team(self._store, transport, report))
        tries(lambda: self._fetch_reference(transport, offer, report))
        tries(lambda: fork(self._store, self._device.device_key, transport, report))

    def _patiently(self, step: Callable[[], Any]) -> Any:
        """A step that the network broke is tried again after a little while; it goes on where it stood. Whatever was delivered since
        the last try makes the count of tries begin anew: a line that drops often is still a line."""
        tried, least = 0, self._left()
        while True:
            try:
                return step()
            except SyncFailure as failure:
                left = self._left()
                if any(now < before for now, before in zip(left, least, strict=True)):
                    tried = 0
                if not failure.again or tried == len(PAUSES_S):
                    raise
                least = tuple(map(min, left, least))
                self._sleep(PAUSES_S[tried])
                tried += 1

    def _left(self) -> tuple[int, ...]:
        """What is still to come over the line; each falls when something came through."""
        media, copies = self._store.media, self._store.review_copies
        return (
            self._store.outbox.waiting_count(),
            media.bytes_left(),
            copies.waiting_count(),
            -self._store.pulled.cursor(),
            -self._store.team.cursor(),
            -self._store.packs.fetched_bytes(KIND),
        )

    def _with_transport(self, work: Callable[[Transport], Any]) -> None:
        try:
            self._with_credential(work)
        except CredentialRefused:
            self._store.identity.keep(credential_refused="yes")
            self._store.team.forget()  # whoever holds the tablet now has nothing to do with them
            raise
        if self._store.identity.setting("credential_refused"):
            self._store.identity.keep(credential_refused="")

    def _with_credential(self, work: Callable[[Transport], Any]) -> None:
        credential = self._store.identity.credential()
        if self._store.identity.moved():
            raise NotReady(NEW_ADDRESS)
        if not self._store.identity.current().enrolled:
            raise NotReady("平板尚未登记：请输入登记码")
        if credential is None:
            raise NotReady(NO_CREDENTIAL)
        transport = Transport(self._address(), credential, self._store.identity.setting("ca_bundle"))
        try:
            work(transport)
        finally:
            transport.close()

    def _address(self, given: str = "") -> str:
        address = given or self._store.identity.server_url()
        if not address:
            raise NotReady("尚未设置服务器地址")
        if not self._device.network.online():
            raise NotReady("没有网络：记录都在平板上，有网络后再同步")
        return address

    def _open(self, transport: Transport) -> dict[str, Any]:
        before = self._device.clock.now()
        cursors = cursor_told(self._store) | team_cursor_told(self._store)
        told = {"notices": known_notices(self._store), "places": self._store.survey_places.digest()}
        offer = transport.get_json("/v1/sync/session", **told, **cursors)
        after = self._device.clock.now()
        try:
            server_time, epoch, holder = (
                parse_aware(offer["server_time"]),
                str(offer["server_epoch"]),
                str(offer["holder"]),
            )
            surveys = [s for s in offer.get("surveys") or [] if s.get("survey_id") and s.get("title")]
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise BrokenAnswer from error
        self._store.server_time.told(server_time, self._device.clock.monotonic_ms())
        self._store.identity.keep_clock_offset(server_time - (before + (after - before) / 2))
        self._meet_epoch(epoch, holder)
        known, digest = offer.get("known_seq"), offer.get("known_digest")
        if isinstance(known, int) and 0 <= known < 2**53 and isinstance(digest, str):
            self._store.twins.compare(known, digest)
            meet_known(self._store, known, before.date())
        self._store.surveys.replace(surveys)
        self._store.survey_places.take(offer.get("places"))
        return offer

    def _meet_epoch(self, epoch: str, holder: str) -> None:
        """Another epoch: the server was restored, and may no longer hold what it once confirmed. Who the province is was told at the
        enrolment; whoever calls itself otherwise is not it, and is sent nothing."""
        known = self._store.identity.current()
        if holder != known.holder:
            raise NotReady(
                f"这台服务器自称 {holder}，不是登记时的 {known.holder}：不予采信，请向管理员核实；记录都还在平板上"
            )
        if known.server_epoch and known.server_epoch != epoch:
            begin_anew(self._store)
        self._store.identity.keep(server_epoch=epoch)

    def _fetch_reference(self, transport: Transport, offer: dict[str, Any], report: SyncReport) -> None:
        pin_key(self._store, offer)
        keep_seal_key(self._store, offer, self._device.signatures, report)
        keep_notices(self._store, offer.get("notices"))
        fetch_species(self._store, transport, offer, self._device.signatures, self._device.clock.now, report)


def _once(step: Callable[[], Any]) -> Any:
    """Without anyone waiting, the pauses kept in the outbox decide when to try again."""
    return step()
