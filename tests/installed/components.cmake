# Installs each component to a prefix of its own, and everything to WORK/prefix, which other tests use.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

function(files_below folder result)
  file(GLOB_RECURSE files RELATIVE ${folder} ${folder}/*)
  list(SORT files)
  set(${result} "${files}" PARENT_SCOPE)
endfunction()

function(require_file component file)
  if(NOT file IN_LIST ${component}_files)
    message(FATAL_ERROR "the component ${component} lacks ${file}; it has ${${component}_files}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK}/prefix)
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
foreach(component IN ITEMS library development command)
  file(REMOVE_RECURSE ${WORK}/${component}-only)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/${component}-only --component ${component})
  files_below(${WORK}/${component}-only ${component}_files)
  list(APPEND files_of_components ${${component}_files})
endforeach()

files_below(${WORK}/prefix all_files)
list(SORT files_of_components)
require_equal("${files_of_components}" "${all_files}" "the components' files together are")

require_equal("${library_files}" "${LIBDIR}/${LIBRARY}.so.${SOVERSION};${LIBDIR}/${LIBRARY}.so.${VERSION}" "library's files are")
list(TRANSFORM HEADERS PREPEND include/)
foreach(file IN ITEMS ${HEADERS} include/whycam/version.h ${LIBDIR}/${LIBRARY}.so ${LIBDIR}/pkgconfig/whycam.pc
    ${LIBDIR}/cmake/whycam/whycam-config.cmake ${LIBDIR}/cmake/whycam/whycam-config-version.cmake)
  require_file(development ${file})
endforeach()
foreach(file IN ITEMS ${BINDIR}/whycam share/man/man1/whycam.1 share/bash-completion/completions/whycam
    share/zsh/site-functions/_whycam share/fish/vendor_completions.d/whycam.fish)
  require_file(command ${file})
endforeach()

run(${WORK}/prefix/${BINDIR}/whycam --version)
require_equal("${output}" "whycam ${VERSION}\n" "the installed command says")
