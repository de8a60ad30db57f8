# Builds whycam without libtorch and uses it.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/../installed/run.cmake)
set(build ${WORK}/build)
set(without -DCMAKE_DISABLE_FIND_PACKAGE_Torch=ON)

function(require_exit_code code words)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
  if(NOT result EQUAL code OR NOT output MATCHES "${words}" OR NOT output MATCHES "^whycam: [^\n]*\n$")
    message(FATAL_ERROR "expected the exit code ${code} and one line with \"${words}\", not ${result}: ${output}")
  endif()
endfunction()

run(${CMAKE_COMMAND} -S ${SOURCE} -B ${build} -G ${GENERATOR} -DWHYCAM_TORCH=OFF ${without} -DWHYCAM_BUILD_TESTS=OFF
  -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=${BUILD_TYPE} -DWHYCAM_SANITIZE=${SANITIZE})
run(${CMAKE_COMMAND} --build ${build})
set(whycam ${build}/cli/whycam)
run(ldd ${whycam})
if(output MATCHES "torch|libc10|not found")
  message(FATAL_ERROR "the command loads more than it should:\n${output}")
endif()

# The public headers name no header of libtorch's, even where one could be found.
set(all "")
foreach(header IN LISTS HEADERS)
  string(APPEND all "#include \"${header}\"\n")
endforeach()
file(WRITE ${WORK}/headers.cpp "${all}")
run(${COMPILER} -std=c++17 -M -I${SOURCE}/include -I${build}/include ${WORK}/headers.cpp)
if(output MATCHES "/(torch|ATen|c10)/[^ ]*|whycam/torch[^ ]*")
  message(FATAL_ERROR "a header that is to work without libtorch includes ${CMAKE_MATCH_0}")
endif()

# Both commands say the same of a network.
set(network ${SOURCE}/tests/plain/network.onnx)
set(picture ${SOURCE}/examples/shapes/two_shapes.png)
foreach(command IN ITEMS ${whycam} ${COMMAND})
  string(MD5 name ${command})
  file(REMOVE_RECURSE ${WORK}/${name})
  run(${command} explain ${network} ${picture} ${SOURCE}/examples/shapes/pictures/cross.png --size 64 --layer stage2 --target top2 --target 5
    --method guided-gradcam,gradcam,guided-backprop,deconvolution --batch-size 2 --save-npy --contact-sheet --report --output-dir ${WORK}/${name})
  list(APPEND results ${WORK}/${name})
endforeach()
run(${COMPARE} ${results})
foreach(about IN ITEMS layers graph)
  run(${COMMAND} ${about} ${network} --size 64)
  set(expected "${output}")
  run(${whycam} ${about} ${network} --size 64)
  require_equal("${output}" "${expected}" "whycam ${about} says")
endforeach()

# What it does not have, it says.
require_exit_code(3 "TorchScript.*torch\\.export\\.save" ${whycam} explain ${SOURCE}/examples/shapes/shapes.pt ${picture} --output-dir ${WORK}/none)
require_exit_code(2 "has no autograd engine" ${whycam} explain ${network} ${picture} --engine autograd --output-dir ${WORK}/none)
require_exit_code(2 "subcommand" ${whycam} check ${network} ${picture})
require_exit_code(2 "subcommand" ${whycam} export ${network})

# As a static library, of the same sources: a program that links it needs no library of whycam's to run.
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/static -G ${GENERATOR} -DWHYCAM_TORCH=OFF ${without} -DWHYCAM_BUILD_TESTS=OFF
  -DBUILD_SHARED_LIBS=OFF -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=${BUILD_TYPE} -DWHYCAM_SANITIZE=${SANITIZE})
run(${CMAKE_COMMAND} --build ${WORK}/static)
file(REMOVE_RECURSE ${WORK}/static_prefix)
run(${CMAKE_COMMAND} --install ${WORK}/static --prefix ${WORK}/static_prefix)
run(${CMAKE_COMMAND} --fresh -S ${CMAKE_CURRENT_LIST_DIR}/user -B ${WORK}/static_user -G ${GENERATOR}
  -DCMAKE_PREFIX_PATH=${WORK}/static_prefix ${without} -DCMAKE_CXX_COMPILER=${COMPILER})
run(${CMAKE_COMMAND} --build ${WORK}/static_user)
foreach(program IN ITEMS ${WORK}/static/cli/whycam ${WORK}/static_user/user)
  run(ldd ${program})
  if(output MATCHES "libwhycam|not found")
    message(FATAL_ERROR "${program} loads more than it should:\n${output}")
  endif()
endforeach()
run(${WORK}/static_user/user ${network})
require_equal("${output}" "whycam ${VERSION}\n" "the program with the static library says")

# Installed, it is found and linked without libtorch.
file(REMOVE_RECURSE ${WORK}/prefix)
run(${CMAKE_COMMAND} --install ${build} --prefix ${WORK}/prefix)
foreach(header IN ITEMS model options picture/tensor torch)
  if(EXISTS ${WORK}/prefix/include/whycam/${header}.h)
    message(FATAL_ERROR "${header}.h is installed, and needs libtorch")
  endif()
endforeach()
file(READ ${WORK}/prefix/${LIBDIR}/pkgconfig/whycam.pc package)
if(package MATCHES "torch|c10")
  message(FATAL_ERROR "whycam.pc names libtorch:\n${package}")
endif()
run(${CMAKE_COMMAND} --fresh -S ${CMAKE_CURRENT_LIST_DIR}/user -B ${WORK}/user -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${WORK}/prefix ${without}
  -DCMAKE_CXX_COMPILER=${COMPILER})
run(${CMAKE_COMMAND} --build ${WORK}/user)
run(${WORK}/user/user ${network})
require_equal("${output}" "whycam ${VERSION}\n" "the program says")
