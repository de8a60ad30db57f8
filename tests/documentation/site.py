# Builds the site and follows every link in it to a file and a place of it: site.py CMAKE BUILD_FOLDER.
import html
import pathlib
import re
import subprocess
import sys

cmake, build = sys.argv[1:]
built = subprocess.run([cmake, "--build", build, "--target", "site"], capture_output=True, text=True)
if built.returncode != 0 or "warning:" in built.stderr:
    sys.exit(built.stdout + built.stderr)

site = pathlib.Path(build, "site")
pages = {page: page.read_text(errors="replace") for page in site.glob("*.html")}
names = {page: set(re.findall(r'(?:id|name)="([^"]+)"', text)) for page, text in pages.items()}
followed, dead = 0, set()
for page, text in pages.items():
    for link in map(html.unescape, re.findall(r'(?:href|src)="([^"]+)"', text)):
        if re.match("[a-z]+:", link):
            continue
        path, _, place = link.partition("#")
        target = page.parent / path if path else page
        followed += 1
        if not target.is_file() or place and target in names and place not in names[target]:
            dead.add(f"{page.name}: {link}")
if dead or followed < 1000:
    sys.exit(f"{followed} links, of which lead nowhere:\n" + "\n".join(sorted(dead)))
for page in ["index", "docs_guide", "classwhycam_1_1Network"]:
    if page not in {each.stem for each in pages}:
        sys.exit(f"the site lacks {page}.html")
