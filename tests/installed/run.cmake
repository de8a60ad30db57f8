# Runs a command, which must succeed; its output is in `output`.
function(run)
  execute_process(COMMAND ${ARGV} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(NOTICE "${output}")
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "failed: ${command}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

# Runs a command, which must fail and say so in these words.
function(run_in_vain words)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")  # CMake breaks its messages into lines
  string(FIND "${output}" "${words}" place)
  if(result EQUAL 0 OR place EQUAL -1)
    message(FATAL_ERROR "expected a failure that says \"${words}\", not ${result}: ${output}")
  endif()
endfunction()

function(require_equal actual expected what)
  if(NOT actual STREQUAL expected)
    message(FATAL_ERROR "${what}:\n${actual}\ninstead of\n${expected}")
  endif()
endfunction()

function(require_match actual pattern what)
  if(NOT actual MATCHES "${pattern}")
    message(FATAL_ERROR "${what} does not match ${pattern}:\n${actual}")
  endif()
endfunction()
