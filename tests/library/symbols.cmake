# What the shared library defines for others is public: what stands in include/whycam, and nothing of what is behind it or of other
# libraries' templates.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${NM} -D --defined-only -C ${LIBRARY} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "[" "(" symbols "${symbols}")  # brackets and semicolons mean something in lists
string(REPLACE "]" ")" symbols "${symbols}")
string(REPLACE ";" "," symbols "${symbols}")
string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")

set(class "[A-Z][A-Za-z]*")
set(function "[a-z][a-z_]*[(]")
set(public "(((plain|picture)::)?(${class}::[^:]*|${class}|${function}.*|${class}::~?(${class}|${function}).*)")
string(APPEND public "|network::(module|function|sequential)_network[(].*)$")
foreach(symbol IN LISTS symbols)
  if(NOT symbol MATCHES "^[0-9a-f]* [A-Z] ((typeinfo|typeinfo name|vtable) for )?whycam::${public}" AND NOT symbol MATCHES " T whycam_[a-z_]+$")
    list(APPEND others "${symbol}")
  endif()
endforeach()
if(others)
  list(JOIN others "\n" others)
  message(FATAL_ERROR "these names are not public (or not known to be, in ${CMAKE_CURRENT_LIST_FILE}):\n${others}")
endif()

foreach(wanted IN ITEMS "whycam::Network::load(" "whycam::picture::read_image(" "typeinfo for whycam::ModelError" "T whycam_explain")
  string(FIND "${symbols}" "${wanted}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "${wanted} is missing")
  endif()
endforeach()
