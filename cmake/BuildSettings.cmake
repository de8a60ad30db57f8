# What every target of the project shares.
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
# What is not marked WHYCAM_API stays inside the library.
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
if(PROJECT_IS_TOP_LEVEL AND CMAKE_CXX_FLAGS_RELEASE STREQUAL "-O3 -DNDEBUG")  # nobody chose: kernels alone gain from -O3
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
endif()
if(PROJECT_IS_TOP_LEVEL)
  find_program(WHYCAM_CCACHE ccache)
  if(WHYCAM_CCACHE)
    # Precompiled headers need this sloppiness; without it ccache would miss every file that uses one. The base makes it hit
    # in a clone of another path, too. Hence no header of ours may be precompiled: the cached result would name the other clone's file,
    # so that "#pragma once" does not know it again.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
        CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${WHYCAM_CCACHE})
  endif()
endif()

if(WHYCAM_STATIC_COMMAND)
  if(WHYCAM_TORCH)
    message(FATAL_ERROR "WHYCAM_STATIC_COMMAND needs WHYCAM_TORCH=OFF: libtorch is shared libraries")
  endif()
  set(BUILD_SHARED_LIBS OFF)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(CMAKE_SKIP_RPATH ON)  # glibc's start-up of a static program ends where the program has one
endif()

# An interface library: the language, the warnings and the sanitizers of our own targets.
add_library(whycam_settings INTERFACE)
target_compile_features(whycam_settings INTERFACE cxx_std_17)
target_compile_options(whycam_settings INTERFACE -Wall -Wextra -Wpedantic -Werror=switch
  $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
  $<$<BOOL:${WHYCAM_WARNINGS_AS_ERRORS}>:-Werror>)
if(WHYCAM_BUILD_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -g)
  add_link_options(-fsanitize=address,undefined)
endif()
if(WHYCAM_SANITIZE AND WHYCAM_SANITIZE_THREAD)
  message(FATAL_ERROR "WHYCAM_SANITIZE and WHYCAM_SANITIZE_THREAD exclude each other: build twice, in two folders")
endif()
if(WHYCAM_SANITIZE_THREAD)  # of everything, generated sources included: what is not instrumented is not seen
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=thread)
endif()
if(WHYCAM_SANITIZE)
  target_compile_options(whycam_settings INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer
    -fno-sanitize=vptr)
  target_link_options(whycam_settings INTERFACE -fsanitize=address,undefined)
endif()

# One static library a folder, linked with no more than it is declared to know. Where CMAKE_UNITY_BUILD compiles several files as one,
# so that a whole build takes six tenths of the time, those in ALONE stay apart: they have names of others.
function(whycam_folder name)
  cmake_parse_arguments(ARG "" "" "SOURCES;KNOWS;ALONE" ${ARGN})
  set_source_files_properties(${ARG_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  add_library(${name} STATIC ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PUBLIC ${ARG_KNOWS} PRIVATE $<BUILD_INTERFACE:whycam_settings>)
  target_compile_definitions(${name} PRIVATE $<$<PLATFORM_ID:Windows>:WHYCAM_BUILDS_LIBRARY>)  # see whycam/api.h
endfunction()
