# Run by CPack before it packs: turns what `cmake --install` brings to any prefix into what Debian wants below /usr.
find_program(GZIP gzip REQUIRED)

# Compresses a file in place; without the time, so that a package can be built again to the same bytes.
function(compress file)
  execute_process(COMMAND ${GZIP} -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# LICENSE as Debian's machine-readable copyright file: a text indented by one, empty lines as a dot.
file(READ ${CMAKE_CURRENT_LIST_DIR}/../LICENSE licence)
string(REGEX REPLACE "^[^\n]*\n\nCopyright \\(c\\) ([^\n,]*), ([^\n]*)\n\n" "" licence "${licence}")
set(copyright "${CMAKE_MATCH_1} ${CMAKE_MATCH_2}")
string(REGEX REPLACE "\n$" "" licence "${licence}")
string(REPLACE "\n" "\n " licence "${licence}")
string(REPLACE "\n \n" "\n .\n" licence "${licence}")
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH, where it is set

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  set(usr ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr)

  # The library lies where the system looks for it by itself.
  file(GLOB binaries ${usr}/bin/* ${usr}/lib/*/*.so.* ${usr}/lib/*.so.*)
  foreach(binary IN LISTS binaries)
    file(RPATH_REMOVE FILE ${binary})
  endforeach()

  file(GLOB pages ${usr}/share/man/man*/*.?)
  foreach(page IN LISTS pages)
    compress(${page})
  endforeach()

  if(EXISTS ${usr}/share/zsh/site-functions)  # Debian's zsh looks there below /usr/local alone
    file(RENAME ${usr}/share/zsh/site-functions ${usr}/share/zsh/vendor-completions)
  endif()

  string(TOUPPER ${component} upper)
  set(documents ${usr}/share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  file(MAKE_DIRECTORY ${documents})
  file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/../CHANGELOG.md ${documents}/changelog)
  compress(${documents}/changelog)
  file(WRITE ${documents}/changelog.Debian "${CPACK_DEBIAN_${upper}_PACKAGE_NAME} (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * Package version ${CPACK_PACKAGE_VERSION}; changelog.gz says what is new.

 -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${now}
")
  compress(${documents}/changelog.Debian)
  file(WRITE ${documents}/copyright "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: whycam

Files: *
Copyright: ${copyright}
License: BSD-3-clause

License: BSD-3-clause
 ${licence}
")
endforeach()
