"""The record of a run, and its tables: CSV in `bench/record/<cpu>/`, Markdown for people."""

import csv
import datetime
import re
import subprocess
from collections import defaultdict
from pathlib import Path

from cases import FULL, SHAPES, bar

ROOT = Path(__file__).resolve().parents[2]
FIELDS = (
    "section", "cell", "shape", "work", "threads", "peer", "ms", "best_ms", "kept", "dropped",
    "error", "gflops", "peak_share", "note", "commit", "time",
)  # fmt: skip
F32_TORCH = ("torch", "torch-native", "torch-jit", "torch-cell", "torch-sdpa")
KEY = ("section", "cell", "shape", "work", "threads", "peer")
FEATURES = ("avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8", "avx2", "fma", "f16c")


def cpu() -> dict[str, str]:
    """Of the first processor in /proc/cpuinfo."""
    lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def slug() -> str:
    """A folder's name: model, family and widest vectors, `amd-epyc-25-1-avx2`."""
    facts = cpu()
    flags = facts.get("flags", "").split()
    widest = next((name for name in ("avx512f", "avx2") if name in flags), "base")
    words = [facts.get("model name", "cpu"), facts.get("cpu family", ""), facts.get("model", ""), widest]
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def commit() -> str:
    found = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return found.stdout.strip() or "unknown"


def default_path() -> Path:
    return ROOT / "bench" / "record" / slug() / f"{datetime.date.today()}.csv"


class Record:
    """Rows by what they measure: a later run of the same takes the place of an earlier one."""

    def __init__(self, path: Path):
        self.path = path
        self.facts: dict[str, str] = {}
        self.rows: dict[tuple, dict[str, str]] = {}
        if path.exists():
            lines = path.read_text().splitlines()
            for line in lines:
                if line.startswith("# "):
                    key, _, value = line[2:].partition(": ")
                    self.facts[key] = value
            for row in csv.DictReader(line for line in lines if not line.startswith("#")):
                self.rows[tuple(row[key] for key in KEY)] = row
        facts = cpu()
        self.facts["cpu"] = facts.get("model name", "unknown")
        flags = facts.get("flags", "").split()
        self.facts["features"] = " ".join(name for name in FEATURES if name in flags)
        self.now = datetime.datetime.now().isoformat(timespec="minutes")
        self.commit = commit()

    def add(self, **values) -> None:
        row = dict.fromkeys(FIELDS, "") | {"commit": self.commit, "time": self.now}
        row |= {key: f"{value:.4g}" if isinstance(value, float) else str(value) for key, value in values.items()}
        self.rows[tuple(row[key] for key in KEY)] = row

    def save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "w", newline="") as file:
            file.writelines(f"# {key}: {value}\n" for key, value in self.facts.items())
            writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows.values())

    def markdown(self) -> str:
        groups = defaultdict(dict)
        for row in self.rows.values():
            groups[row["section"], row["work"], row["threads"]].setdefault(
                (row["cell"], row["shape"]), {})[row["peer"]] = row
        parts = [f"Processor: {self.facts['cpu']} ({self.facts['features']})."]
        parts += [f"{key}: {value}" for key, value in self.facts.items() if key not in ("cpu", "features")]
        text = ["\n".join(f"- {part}" for part in parts)]
        for (section, work, threads), cases in groups.items():
            text.append(f"### {section if section == work else f'{section}: {work}'}, {threads} thread{'s' if threads != '1' else ''}")
            text.append(table(section, work, threads, cases))
        return "\n\n".join(text) + "\n"

    def put_into(self, page: Path) -> None:
        """Replaces what stands between the page's `measured` marks."""
        before, _, rest = page.read_text().partition("<!-- measured -->")
        _, _, after = rest.partition("<!-- /measured -->")
        page.write_text(f"{before}<!-- measured -->\n{self.markdown()}<!-- /measured -->{after}")


def ours_of(peer: str) -> str:
    """With which of ours a peer is compared: int8 with int8."""
    return next((f"recurra-{kind}" for kind in ("int8", "bf16") if peer.endswith(kind)), "recurra")


def table(section: str, work: str, threads: str, cases: dict) -> str:
    names = list(dict.fromkeys(name for rows in cases.values() for name in rows))
    ours = [name for name in names if name.startswith("recurra") and name != FULL]
    names = [name for name in names if name not in ours]
    unit, scale = ("us", 1e3) if work == "step" else ("ms", 1)
    head = ["case", *(f"{name} {unit}" for name in ours), "of what is possible",
            *(f"{name} / ours" for name in names), "bars"]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for (cell, shape), rows in cases.items():
        if "recurra" not in rows:
            continue
        run = rows["recurra"]["time"]  # what another run measured is not beside ours
        rows = {name: row for name, row in rows.items() if row["time"] == run}
        sizes = ",".join(map(str, SHAPES[shape])) if section == "sequence" and shape in SHAPES else ""
        line = [f"{cell} {shape} {sizes}".strip()]
        line += [time(rows[name], scale) if name in rows else "" for name in ours]
        shares = [rows[name]["peak_share"] for name in ours if name in rows and rows[name]["peak_share"]]
        line.append(", ".join(f"{float(share):.0%}" for share in shares))
        ratios, disturbed = {}, set()
        for name in names:
            mine = rows.get(ours_of(name), rows["recurra"])
            if name in rows:
                ratios[name] = float(rows[name]["ms"]) / float(mine["ms"])
                if not (undisturbed(mine) and undisturbed(rows[name])):
                    disturbed.add(name)
            line.append(marked(ratios[name], name in disturbed) if name in ratios else "")
        verdicts = []
        for name, ratio in better_paths(ratios).items():
            least = bar(cell, shape, work, int(threads), name)
            if least is not None and name in disturbed:
                verdicts.append(f"{name} {least:g} not judged: disturbed")
            elif least is not None:
                verdicts.append(f"{name} {least:g} {'met' if ratio >= least else f'**missed** at {ratio:.2f}'}")
        if FULL in ratios:
            cost = 1 / (ratios[FULL] * float(rows["recurra"]["note"].split()[-1]))
            verdict = "not judged: disturbed" if FULL in disturbed else "met" if cost <= 1.1 else "**missed**"
            verdicts.append(f"{cost:.2f} of the real steps' time: 1.1 {verdict}")
        if work in ("epoch", "search"):
            verdicts += [f"{name}: {row['note']}" for name, row in rows.items()]
        lines.append("| " + " | ".join([*line, "; ".join(verdicts)]) + " |")
    return "\n".join(lines)


def better_paths(ratios: dict[str, float]) -> dict[str, float]:
    """PyTorch by its better path in 32 bits; the others as they are."""
    torch = [ratio for name, ratio in ratios.items() if name in F32_TORCH]
    return ratios | ({"torch": min(torch)} if torch else {})


def time(row: dict[str, str], scale: float) -> str:
    """The median, with a question mark when hardly a sample was quiet."""
    return f"{float(row['ms']) * scale:.4g}" + ("" if undisturbed(row) else "?")


def undisturbed(row: dict[str, str]) -> bool:
    """Whether at least three samples did not wait for a processor."""
    return int(row["kept"] or 0) >= 3


def marked(ratio: float, disturbed: bool) -> str:
    text = f"{ratio:.2f}" + ("?" if disturbed else "")
    return f"**{text}** (loss)" if ratio < 1 else text
