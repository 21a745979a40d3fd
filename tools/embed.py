#!/usr/bin/env python3
"""embed.py FILE NAME: prints C that defines `const char NAME[]` and `const size_t NAME_len` with the file's bytes."""

import pathlib
import sys

data = pathlib.Path(sys.argv[1]).read_bytes()
name = sys.argv[2]
print("#include <stddef.h>")
print(f"extern const char {name}[];\nextern const size_t {name}_len;")
print(f"const size_t {name}_len = {len(data)};")
print(f"const char {name}[] = {{")
for i in range(0, len(data), 16):
    print("    " + " ".join(f"{b}," for b in data[i:i + 16]))
print("};")
