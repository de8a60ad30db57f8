# A libtorch that whycam cannot be built with is refused when CMake runs, with what to do. The ones here only say of themselves
# what such a libtorch would.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

function(require_refusal version flags words)
  set(folder ${WORK}/refused_libtorch)
  file(REMOVE_RECURSE ${folder})
  file(WRITE ${folder}/TorchConfig.cmake "set(TORCH_INSTALL_PREFIX ${folder})\nset(TORCH_CXX_FLAGS \"${flags}\")\n")
  file(WRITE ${folder}/TorchConfigVersion.cmake "set(PACKAGE_VERSION ${version})\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n")
  run_in_vain("${words}" ${CMAKE_COMMAND} -S ${SOURCE} -B ${folder}/build -G ${GENERATOR} -DTorch_DIR=${folder}
    -DCMAKE_CXX_COMPILER=${COMPILER})
endfunction()

require_refusal(1.12.1 "" "has version 1.12.1; name another one with -DCMAKE_PREFIX_PATH=")
require_refusal(3.0.0 "" "has version 3.0.0; name another one with -DCMAKE_PREFIX_PATH=")
require_refusal(2.3.1 "-D_GLIBCXX_USE_CXX11_ABI=0" "was built with the C++ library's old ABI")
