# Finds libtorch, refuses what whycam cannot be built with, and looks at two things: which C++ its headers take, and whether
# it has a oneDNN of its own inside.
foreach(prefix IN LISTS CMAKE_PREFIX_PATH)
  # PyTorch's torch.utils.cmake_prefix_path is a folder below libtorch's own, in which its configuration looks for libraries last,
  # behind those of the system.
  if(EXISTS ${prefix}/Torch/TorchConfig.cmake)
    cmake_path(SET libtorch NORMALIZE ${prefix}/../..)
    string(REGEX REPLACE "/$" "" libtorch ${libtorch})
    list(PREPEND CMAKE_PREFIX_PATH ${libtorch})
  endif()
endforeach()
find_package(Torch REQUIRED)

if(Torch_VERSION VERSION_LESS 1.13 OR Torch_VERSION VERSION_GREATER_EQUAL 3)
  message(FATAL_ERROR "whycam needs a libtorch of version 1.13 to 2.x, and ${TORCH_INSTALL_PREFIX} has version ${Torch_VERSION}; "
    "name another one with -DCMAKE_PREFIX_PATH=..., or build without libtorch with -DWHYCAM_TORCH=OFF")
endif()
if(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
  message(FATAL_ERROR "the libtorch in ${TORCH_INSTALL_PREFIX} was built with the C++ library's old ABI "
    "(_GLIBCXX_USE_CXX11_ABI=0), whose strings whycam's other libraries do not understand; take one with the new ABI: "
    "Debian's libtorch-dev, pip's torch from version 2.7 on, or a download whose name says cxx11-abi")
endif()

# What else is looked for is not to be found there: libtorch's folder of headers holds those of the oneDNN, the protobuf, the
# fmt and more that it has inside.
foreach(prefix IN LISTS CMAKE_PREFIX_PATH)
  cmake_path(COMPARE "${prefix}" EQUAL "${TORCH_INSTALL_PREFIX}" is_libtorch)
  if(is_libtorch)
    list(REMOVE_ITEM CMAKE_PREFIX_PATH ${prefix})
  endif()
endforeach()
list(GET TORCH_INCLUDE_DIRS 0 torch_headers)
if(PROJECT_IS_TOP_LEVEL AND NOT torch_headers IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
  # Nor are those headers to be included for the system's: of libtorch's folder, our sources see its own headers first (and not
  # those of a libtorch of the system's), and the others last.
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/torch_headers)
  foreach(folder IN ITEMS ATen c10 caffe2 torch)
    file(CREATE_LINK ${torch_headers}/${folder} ${CMAKE_CURRENT_BINARY_DIR}/torch_headers/${folder} SYMBOLIC)
  endforeach()
  foreach(target IN ITEMS torch torch_library torch_cpu torch_cpu_library torch_cuda torch_cuda_library c10 c10_cuda)
    if(TARGET ${target})
      set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "" INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "")
    endif()
  endforeach()
  target_include_directories(torch SYSTEM INTERFACE ${CMAKE_CURRENT_BINARY_DIR}/torch_headers
    ${CMAKE_CURRENT_BINARY_DIR}/torch_headers/torch/csrc/api/include)
  target_compile_options(torch INTERFACE "SHELL:-idirafter ${torch_headers}")
endif()

function(test_torch_headers standard result)
  set(CMAKE_CXX_STANDARD ${standard})
  set(CMAKE_CXX_STANDARD_REQUIRED ON)
  set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)  # so that nothing is linked
  set(CMAKE_REQUIRED_INCLUDES ${TORCH_INCLUDE_DIRS})
  include(CheckCXXSourceCompiles)
  check_cxx_source_compiles("#include <torch/csrc/autograd/function.h>\n#include <torch/types.h>" ${result})
endfunction()
set(TORCH_CXX_STANDARD 17)
test_torch_headers(17 TORCH_HEADERS_ARE_CXX17)
if(NOT TORCH_HEADERS_ARE_CXX17)
  set(TORCH_CXX_STANDARD 20)
  test_torch_headers(20 TORCH_HEADERS_ARE_CXX20)
  if(NOT TORCH_HEADERS_ARE_CXX20)
    message(FATAL_ERROR "the headers of libtorch in ${TORCH_INSTALL_PREFIX} compile neither as C++17 nor as C++20 with "
      "${CMAKE_CXX_COMPILER}; CMake's log of configuring says why")
  endif()
endif()

set(TORCH_HAS_ITS_OWN_ONEDNN ON)
foreach(property IN ITEMS IMPORTED_LOCATION IMPORTED_LOCATION_RELEASE IMPORTED_LOCATION_RELWITHDEBINFO IMPORTED_LOCATION_NONE)
  get_target_property(library torch_cpu ${property})
  if(library)
    execute_process(COMMAND ${CMAKE_READELF} -d ${library} OUTPUT_VARIABLE dynamic_section COMMAND_ERROR_IS_FATAL ANY)
    if(dynamic_section MATCHES "NEEDED[^\n]*libdnnl\\.so")
      set(TORCH_HAS_ITS_OWN_ONEDNN OFF)
    endif()
  endif()
endforeach()
