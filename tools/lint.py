#!/usr/bin/env python3
"""Checks of the source tree. `lint.py [CHECK ...]`; the last line is `N passed, N failed, N skipped`.

format   every C file is as clang-format 14 writes it
layers   includes go along the edges of tools/layers.txt, to public headers
headers  every header compiles alone
banned   no call of the functions listed in BANNED
size     no C file over LINES_MAX lines
listed   every test file is named in its folder's meson.build
rules    every rule of the optimizer has a plan in tests/sql/rules.test that is another one with the rule off
pages    every folder of src/ and every other top folder of code has a README.md that names its files
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES_MAX = 1500
BANNED = {
    "strcpy": "no bound", "strcat": "no bound", "sprintf": "no bound", "vsprintf": "no bound", "gets": "no bound",
    "strncpy": "may not terminate", "strncat": "bound of the wrong thing", "strtok": "hidden state",
    "atoi": "no errors", "atol": "no errors", "atoll": "no errors", "atof": "no errors; depends on the locale",
    "alloca": "no bound", "tmpnam": "races", "mktemp": "races", "system": "a shell", "popen": "a shell",
    "rand": "base/util.h has a generator with a seed", "srand": "base/util.h has a generator with a seed",
    "gmtime": "hidden state", "localtime": "hidden state", "ctime": "hidden state", "asctime": "hidden state",
    "setlocale": "process-wide",
}
# A file of src/ that may call a banned function, and why. Tests may parse their own arguments as they like.
ALLOWED = {
    ("src/cli/shell_meta.c", "system"): "the shell's \\!",
    ("src/cli/shell_meta.c", "popen"): "the shell's \\|",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", re.S)


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, check=True, capture_output=True).stdout
    return [path for path in out.decode().split("\0") if path and (ROOT / path).exists()]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def check_format():
    if shutil.which("clang-format") is None:
        return "there is no clang-format"
    version = subprocess.run(["clang-format", "--version"], check=True, capture_output=True, text=True).stdout
    if " 14." not in version:
        return "clang-format is not version 14"
    run = subprocess.run(["clang-format", "--dry-run", *tracked("*.c", "*.h")], cwd=ROOT, check=False,
                         capture_output=True, text=True)
    files = dict.fromkeys(line.split(":")[0] for line in run.stderr.splitlines() if "[-Wclang-format" in line)
    return [f"{path}: not formatted (./dev fmt)" for path in files]


def layers():
    """The edges of layers.txt, folder -> allowed folders and headers."""
    table, problems = {}, []
    for number, line in enumerate(read("tools/layers.txt").splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        folder, _, allowed = line.partition(":")
        for edge in allowed.split():
            if edge not in table and not edge.endswith(".h"):
                problems.append(f"tools/layers.txt:{number}: {folder} is not above {edge}")
        table[folder.strip()] = set(allowed.split())
    return table, problems


def edge_problem(table, folder, header):
    """What is wrong with a file of `folder` including `header` (both relative to src/), or None."""
    target = os.path.dirname(header) or "."
    if target == folder:
        return None
    if header.endswith("_int.h") and not folder.startswith(target + "/"):
        return "a private header of another folder"
    if target in table[folder] or header in table[folder]:
        return None
    return f"{folder} must not depend on {target} (tools/layers.txt)"


def check_layers():
    table, problems = layers()
    for path in tracked("src/*.c", "src/*.h", "src/*.def", "src/*.y"):
        folder = os.path.relpath(os.path.dirname(path), "src")
        if folder not in table:
            problems.append(f"{path}: {folder} is not in tools/layers.txt")
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            match = INCLUDE.match(line)
            if match is None:
                continue
            header = match[1] if "/" in match[1] else os.path.normpath(os.path.join(folder, match[1]))
            problem = edge_problem(table, folder, header)
            if problem:
                problems.append(f"{path}:{number}: {match[1]}: {problem}")
    return problems


def header_problem(command, path):
    # With -include the header is not the main file, so that `#pragma once` and unused static functions are no warnings.
    run = subprocess.run([*command, "-include", path, "-x", "c", "/dev/null"], cwd=ROOT, check=False,
                         capture_output=True, text=True)
    return None if run.returncode == 0 else f"{path}: does not compile alone\n{run.stderr.rstrip()}"


def check_headers():
    flags = subprocess.run(["pkg-config", "--cflags", "lmdb", "openssl", "icu-i18n", "libpcre2-8", "gmp", "libpq",
                            "libedit"], check=True, capture_output=True, text=True).stdout.split()
    command = [os.environ.get("CC", "cc"), "-std=gnu17", "-D_GNU_SOURCE", "-Isrc", "-Iclient", "-I.", "-Itests",
               "-Itests/unit", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-missing-field-initializers",
               "-Wno-unused-function", "-fsyntax-only", *flags]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [p for p in pool.map(lambda path: header_problem(command, path), tracked("*.h")) if p]


def check_banned():
    problems = []
    for path in tracked("src/*.c", "src/*.h", "src/*.y", "client/*.c", "client/*.h"):
        text = COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), read(path))
        for number, line in enumerate(text.splitlines(), 1):
            for name in CALL.findall(line):
                if (path, name) not in ALLOWED:
                    problems.append(f"{path}:{number}: {name}: {BANNED[name]}")
    return problems


def check_size():
    return [f"{path}: {lines} lines" for path in tracked("*.c", "*.h", "*.y", "*.py")
            if (lines := len(read(path).splitlines())) > LINES_MAX]


def check_listed():
    problems = []
    for path in tracked("tests/*.test", "tests/*_test.c", "tests/*_fuzz.c"):
        stem = pathlib.Path(path).stem
        if not re.search(rf"\b{stem}\b", read(os.path.join(os.path.dirname(path), "meson.build"))):
            problems.append(f"{path}: not in meson.build")
    return problems


def plans(text):
    """Of tests/sql/rules.test: (the rule that is off or None, statement, plan) of each EXPLAIN."""
    off = None
    for item in text.split("\n\n"):
        for line in item.splitlines():
            if match := re.match(r"> SET testing_optimizer_disable_rules = '(\w+)' => SET$", line):
                off = match[1]
            elif re.match(r"> RESET testing_optimizer_disable_rules => RESET$", line):
                off = None
        if match := re.search(r"^(EXPLAIN .*?)\n----\n(.*)", item, re.S | re.M):
            yield off, match[1], match[2]


def check_rules():
    rules = re.findall(r"^RULE\((\w+),", read("src/sql/optimize/rules.def"), re.M)
    seen = list(plans(read("tests/sql/rules.test")))
    usual = {statement: plan for off, statement, plan in seen if off is None}
    shown = {off for off, statement, plan in seen if off is not None and usual.get(statement, plan) != plan}
    return [f"src/sql/optimize/rules.def: {rule}: no plan of tests/sql/rules.test differs when it is off"
            for rule in rules if rule not in shown]


def check_pages():
    """A folder's page names its files by name or stem, private headers aside; a folder without page is on its parent's."""
    problems = []
    folders = {os.path.dirname(path) for path in tracked("src/*.c", "src/*.h")} - {"src"}
    folders |= {"client", "examples", "bench", "tests", "tools"}
    for folder in sorted(folders):
        page = pathlib.Path(folder)
        while page != pathlib.Path("src") and page.name and not (ROOT / page / "README.md").exists():
            page = page.parent
        if not (ROOT / page / "README.md").exists():
            problems.append(f"{folder}: no README.md")
            continue
        if not folder.startswith("src/"):
            continue
        text = read(page / "README.md")
        for path in tracked(f"{folder}/*.c", f"{folder}/*.h"):
            name = os.path.basename(path)
            if os.path.dirname(path) == folder and not name.endswith("_int.h") and not page_names(text, name):
                problems.append(f"{page}/README.md: does not mention {name}")
    return problems


def page_names(text, name):
    stem = name.rsplit(".", 1)[0]
    if name in text or re.search(rf"\b{re.escape(stem)}\b", text):
        return True
    return any(re.fullmatch(glob.replace("*", ".*"), stem) for glob in re.findall(r"\b\w+\*", text))


CHECKS = {"format": check_format, "layers": check_layers, "headers": check_headers, "banned": check_banned,
          "size": check_size, "listed": check_listed, "rules": check_rules, "pages": check_pages}


def main():
    passed = failed = skipped = 0
    for name in sys.argv[1:] or CHECKS:
        if name not in CHECKS:
            sys.exit(f"lint: no such check: {name}")
        result = CHECKS[name]()
        if isinstance(result, str):
            skipped += 1
            print(f"skip {name}: {result}")
        elif result:
            failed += 1
            print(f"FAIL {name}", *result, sep="\n  ")
        else:
            passed += 1
            print(f"ok   {name}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
