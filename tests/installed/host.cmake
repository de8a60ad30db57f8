# whycam as a folder of a project that has much of its own: nothing of the one is in the other's way. With libtorch to configure it is
# what can fail (libtorch must be seen in the host), and compiling all of whycam again takes long.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)
set(configure ${CMAKE_COMMAND} --fresh -S ${CMAKE_CURRENT_LIST_DIR}/host -G ${GENERATOR} -DWHYCAM_FOLDER=${SOURCE} -DWHYCAM_TORCH=${TORCH}
  -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG" -DCMAKE_CXX_COMPILER=${COMPILER} "-DCMAKE_CXX_FLAGS=${FLAGS}"
  -DCMAKE_CXX_COMPILER_LAUNCHER=${CCACHE} "-DEXPECTED_CMAKE_CXX_FLAGS=${FLAGS}" -DEXPECTED_CMAKE_CXX_COMPILER_LAUNCHER=${CCACHE})
run(${configure} -B ${WORK}/host_after -DWHYCAM_FIRST=ON)
run(${configure} -B ${WORK}/host)
if(output MATCHES "SKIPPED[^\n]*" OR TORCH)
  message("${CMAKE_MATCH_0}")
  return()
endif()
run(${CMAKE_COMMAND} --build ${WORK}/host)

# The host's tests are the host's alone, and pass.
cmake_path(GET CMAKE_COMMAND PARENT_PATH cmake_folder)
run(${cmake_folder}/ctest --test-dir ${WORK}/host --output-on-failure)
string(REGEX MATCHALL "Start +[0-9]+: [^\n]*" tests "${output}")
list(TRANSFORM tests REPLACE "Start +[0-9]+: " "")
require_equal("${tests}" "Host.Tests;Host.Program" "the host's tests are")
run(${WORK}/host/host --network ${SOURCE}/examples/shapes/shapes.pt2)
require_match("${output}" "\"whycam\":\"${VERSION}\"" "the host's program says")

# Installed is what the host installs.
file(REMOVE_RECURSE ${WORK}/host_prefix)
run(${CMAKE_COMMAND} --install ${WORK}/host --prefix ${WORK}/host_prefix)
file(GLOB_RECURSE files RELATIVE ${WORK}/host_prefix ${WORK}/host_prefix/*)
require_equal("${files}" "bin/host" "the host's installed files are")

# The host's targets are there, whatever whycam's own are called.
run(${CMAKE_COMMAND} --build ${WORK}/host --target reference check)
require_match("${output}" "of the host: reference" "the host's target says")
