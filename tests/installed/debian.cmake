# Makes the Debian packages and looks at their contents and control fields.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)
foreach(program IN ITEMS dpkg-deb dpkg-shlibdeps file)
  find_program(${program}_program ${program})
  if(NOT ${program}_program)
    message("SKIPPED: ${program} is not installed")
    return()
  endif()
endforeach()

set(folder ${WORK}/debian)
file(REMOVE_RECURSE ${folder})
file(MAKE_DIRECTORY ${folder})
cmake_path(GET CMAKE_COMMAND PARENT_PATH cmake_folder)
run(${cmake_folder}/cpack -G DEB --config ${BUILD}/CPackConfig.cmake -B ${folder})
run(dpkg --print-architecture)
string(STRIP "${output}" architecture)
string(REGEX MATCH "^[0-9]+" major ${VERSION})

# The package's contents in `contents`, one file a line, and its control fields in `control`.
function(look_at package)
  set(file ${folder}/${package}_${VERSION}-1_${architecture}.deb)
  run(dpkg-deb --contents ${file})
  set(contents "${output}" PARENT_SCOPE)
  run(dpkg-deb --field ${file})
  set(control "${output}" PARENT_SCOPE)
endfunction()

# The files' names are unlike those of the other packages, and none is outside /usr.
function(require_files package)
  foreach(file IN LISTS ARGN ITEMS usr/share/doc/${package}/changelog.gz)
    string(REPLACE "." "\\." pattern ${file})
    require_match("${contents}" " \\./${pattern}[ \n]" "the contents of ${package}")
  endforeach()
  if(contents MATCHES " \\./[^u\n]" OR contents MATCHES "/usr/local")
    message(FATAL_ERROR "${package} holds files outside /usr:\n${contents}")
  endif()
endfunction()

set(exact_library "libwhycam${major} \\(= ${VERSION}-1\\)")

look_at(libwhycam${major})
require_files(libwhycam${major} usr/${LIBDIR}/libwhycam.so.${VERSION} usr/${LIBDIR}/libwhycam.so.${major})
require_match("${control}" "Section: libs\n" "libwhycam${major}'s control file")
require_match("${control}" "Depends: [^\n]*libtorch[0-9.]+[^\n]*\n" "libwhycam${major}'s control file")
require_match("${control}" "Depends: [^\n]*libdnnl[^\n]*\n" "libwhycam${major}'s control file")
require_match("${control}" "Recommends: libopenblas0-pthread\n" "libwhycam${major}'s control file")

look_at(libwhycam-dev)
require_files(libwhycam-dev usr/include/whycam/whycam.h usr/${LIBDIR}/libwhycam.so usr/${LIBDIR}/pkgconfig/whycam.pc
  usr/${LIBDIR}/cmake/whycam/whycam-config.cmake)
require_match("${control}" "Section: libdevel\n" "libwhycam-dev's control file")
require_match("${control}" "Depends: ${exact_library}, libtorch-dev\n" "libwhycam-dev's control file")

look_at(whycam)
require_files(whycam usr/bin/whycam usr/share/man/man1/whycam.1.gz usr/share/bash-completion/completions/whycam
  usr/share/zsh/vendor-completions/_whycam usr/share/fish/vendor_completions.d/whycam.fish)
require_match("${control}" "Depends: [^\n]*${exact_library}[^\n]*\n" "whycam's control file")
require_match("${control}" "Depends: [^\n]*libc6[^\n]*\n" "whycam's control file")
require_match("${control}" "Description: [a-z][^\n]*\n [^\n]+" "whycam's control file")

# The packages' files together run, from where the system looks for libraries by itself.
foreach(package IN ITEMS libwhycam${major} whycam)
  run(dpkg-deb --extract ${folder}/${package}_${VERSION}-1_${architecture}.deb ${folder}/root)
endforeach()
foreach(binary IN ITEMS bin/whycam ${LIBDIR}/libwhycam.so.${major})
  run(readelf --dynamic ${folder}/root/usr/${binary})
  if(output MATCHES "R(UN)?PATH")
    message(FATAL_ERROR "${binary} names a folder of libraries:\n${output}")
  endif()
endforeach()
set(ENV{LD_LIBRARY_PATH} ${folder}/root/usr/${LIBDIR})
run(${folder}/root/usr/bin/whycam --version)
require_equal("${output}" "whycam ${VERSION}\n" "the packaged command says")
