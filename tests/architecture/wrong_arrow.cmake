# The test of the arrows finds one that is wrong, a library where it is not allowed, and a folder that nobody listed.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${WORK})
file(WRITE ${WORK}/src/graph/wrong.cpp "#include \"explain/plan_key.h\"\n")
file(WRITE ${WORK}/src/explain/wrong.cpp "#include <torch/types.h>\n")
file(WRITE ${WORK}/src/new/wrong.cpp "\n")
execute_process(COMMAND ${CMAKE_COMMAND} -DSOURCE=${WORK} -P ${CMAKE_CURRENT_LIST_DIR}/includes.cmake
  RESULT_VARIABLE result ERROR_VARIABLE said)
string(REGEX REPLACE "[ \n]+" " " said "${said}")  # CMake breaks lines
foreach(words IN ITEMS "no arrow leads from src/graph" "wrong.cpp includes torch, which src/explain" "3 files are in src")
  if(result EQUAL 0 OR NOT said MATCHES "${words}")
    message(FATAL_ERROR "\"${words}\" was not said, but: ${said}")
  endif()
endforeach()
