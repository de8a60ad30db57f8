#!/bin/sh
# Writes a source archive of the last commit and the recipes of Conan and vcpkg that build from it into build-recipes/: recipes.sh [URL],
# where URL is what the recipes are to fetch the archive from, by default this file.
set -eu
cd "$(dirname "$0")/.."
folder="$PWD/build-recipes"
version="$(sed -n 's/^project(whycam VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)"
archive="$folder/whycam-$version.tar.gz"
rm -rf "$folder"
mkdir -p "$folder/vcpkg"
git archive --prefix="whycam-$version/" -o "$archive" HEAD

fill() {  # FILE.in RESULT
  sed -e "s|@VERSION@|$version|; s|@URL@|$url|; s|@SHA256@|$(sha256sum "$archive" | cut -d ' ' -f 1)|; s|@SHA512@|$(sha512sum "$archive" | cut -d ' ' -f 1)|" "$1" >"$2"
}
url="${1:-file://$archive}"
cp -r packaging/conan "$folder/conan"
rm "$folder/conan/conandata.yml.in"
cp tests/plain/network.onnx tests/plain/user/* "$folder/conan/test_package"
fill packaging/conan/conandata.yml.in "$folder/conan/conandata.yml"
mkdir "$folder/vcpkg/whycam"
fill packaging/vcpkg/portfile.cmake.in "$folder/vcpkg/whycam/portfile.cmake"
fill packaging/vcpkg/vcpkg.json.in "$folder/vcpkg/whycam/vcpkg.json"
ls "$folder"
