"""The other chapters of the demonstration: consent, query, metering, report, dispute, and the log of it all."""

from __future__ import annotations

from importlib.util import find_spec

from creditchain.cli.demo_sources import PLATFORM, REGISTRY
from creditchain.cli.demo_tour import KEY, Tour

BANK = 18
#: A bank's report before a loan; the enterprise's consent is needed for its use of power and its taxes.
PRODUCT = "working-capital-report/1"
#: Where the enterprise's recovery words stand while the commands run. They are published test words: BIP-39, vector 2.
WORDS = "CREDITCHAIN_DEMO_WORDS"
TEST_WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"

_NOTICE = "本企业同意上述金融机构查询本企业信用信息。\n"
#: A chain that is minutes old: completeness is judged as of the delivery itself.
_POLICY = f'format = "creditchain/policy@1"\ninstitution = {BANK}\n[completeness]\nlag_seconds = 0\n'


class ReportTour:
    """The chapters about a report on the enterprise of a tour. `pdf`: packages for PDF are installed."""

    def __init__(self, tour: Tour) -> None:
        self._tour, self._shell, place = tour, tour.shell, tour.place
        self._statement, self._notice, self._consent, self._policy, self._request, self._report, self._delivered = (
            str(place / name)
            for name in (
                *("statement.json", "notice.txt", "consent.json", "policy.toml"),
                *("request.json", "report.json", "delivered.json"),
            )
        )
        (place / "notice.txt").write_text(_NOTICE, encoding="utf-8")
        (place / "policy.toml").write_text(_POLICY, encoding="utf-8")
        self.pdf = all(find_spec(name) is not None for name in ("typst", "jinja2"))

    def consent(self) -> None:
        """The enterprise consents, on its own terms."""
        shell, signed = self._shell, ("--signer", f"dev:{PLATFORM}")
        shell.chapter("Consent: the enterprise decides who may ask, and for what", "授权：企业决定谁可查询、用于何事")
        shell.say("A platform states which enterprise it is", "平台声明企业标签")
        about = ("--platform", str(PLATFORM), "--number", self._tour.number)
        shell.ask("tag", "state", *about, *KEY, *signed, "-o", self._statement)
        shell.say("The bank asks for consent", "银行提出授权申请")
        shell.show(
            *("consent", "request", "--institution", str(BANK), *about, "--sections", "basic,operating"),
            *("--domains", "registry,power,tax", "--purpose", "loan_application", "--days", "20200101-20291231"),
            *("--uses", "3", "--notice", self._notice, "--tag-statement", self._statement, "-o", self._consent),
        )
        shell.say("The enterprise signs with its own key, for this bank alone", "企业以专用于该银行的密钥签署")
        shell.ask("consent", "grant", self._consent, "--mnemonic", f"env:{WORDS}")
        shell.say("A platform endorses the key, and anyone brings it to the chain", "平台背书，任何人均可上链")
        shell.ask("consent", "endorse", self._consent, *KEY, *signed)
        shell.show("consent", "relay", self._consent, "--signer", "dev:0")

    def query(self) -> None:
        """The bank asks, the platform delivers."""
        shell = self._shell
        shell.chapter("Query: the bank asks under this consent", "查询：银行在授权范围内发起")
        shell.say("For another purpose than the consent's, it is refused", "超出授权用途即被拒绝")
        shell.refused(*self._asking("other.json"), "--purpose", "loan_management")
        shell.say("Within the consent, the request is signed", "授权范围内的请求予以签署")
        shell.show(*self._asking("request.json"))
        shell.say(
            "The platform assembles the report; its figures follow from records", "平台组装报告，数据项由记录得出"
        )
        shell.show(
            *("report", "assemble", "--product", PRODUCT, "--number", self._tour.number),
            *(*KEY, "--tag-statement", self._statement, "-o", self._report),
        )
        shell.say("It signs a receipt, and delivers", "签署回执并交付")
        signed = ("--signer", f"dev:{PLATFORM}")
        shell.show("query", "deliver", self._request, "--report", self._report, *signed, "-o", self._delivered)

    def metering(self) -> None:
        """The delivery is entered on chain, once."""
        shell, metering = self._shell, ("query", "meter", self._delivered, "--signer", f"dev:{PLATFORM}")
        shell.chapter("Metering: the delivery is entered on chain, once", "计量：交付上链，且只计一次")
        shell.show(*metering)
        shell.say("Handed in again, it is the same entry: no second use", "重复提交仍为同一条目，不再计次")
        shell.show(*metering)

    def reading(self) -> None:
        """The bank reads the report."""
        shell, policy = self._shell, ("--policy", self._policy)
        shell.chapter("Report: the bank reads it, all eleven steps verified", "报告：银行阅读报告，十一个步骤全部核验")
        shell.show_beginning("report", "show", self._delivered, *policy, until="── ", count=2)
        if self.pdf:
            shell.say("The same as a page, and as a PDF that carries its proof", "同一报告的网页与携带证明的 PDF")
            files = ("--pdf", str(self._tour.place / "report.pdf"), "--html", str(self._tour.place / "report.html"))
            shell.show("report", "show", self._delivered, *policy, *files)

    def dispute(self) -> None:
        """The enterprise objects, and the source answers."""
        shell, record = self._shell, str(self._tour.package)
        shell.chapter("Dispute: the enterprise objects to its registration", "异议：企业对登记信息提出异议")
        shell.say("The platform marks the record at once", "平台立即标注")
        filed = ("--platform", str(PLATFORM), "--signer", f"dev:{PLATFORM}")
        shell.show("dispute", "file", record, "--reason", "the capital is out of date", *filed)
        shell.say("Whoever verifies it now sees the dispute", "此后核验者均可见异议")
        shell.show("verify", record)
        shell.say("The source answers within 20 days", "数据源须在 20 日内答复")
        source = ("--signer", f"dev:{REGISTRY}")
        shell.show("dispute", "answer", record, "--outcome", "unresolved", "--reason", "the registry is asked", *source)
        shell.say("It was wrong: the source revokes it, and the package is valid no more", "信息有误：数据源撤销记录")
        shell.ask("record", "revoke", record, "--reason", "the capital was wrong", *source)
        self._tour.report([("revoked on chain", "链上已撤销", self._tour.package)])

    def log(self) -> None:
        """Anyone replays the region's log."""
        self._shell.chapter("The log: anyone can replay all of this", "日志：任何人均可重放以上全部过程")
        self._shell.show("log", "replay", "--compare")

    def _asking(self, out: str) -> tuple[str, ...]:
        return (
            *("query", "request", "--consent", self._consent, "--institution", str(BANK)),
            *("--provider", str(PLATFORM), "--product", PRODUCT, "--staff", "信贷员 07"),
            *("--tag-statement", self._statement, "--signer", f"dev:{BANK}", "-o", str(self._tour.place / out)),
        )
