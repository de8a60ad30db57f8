# Builds the examples as a user would, against the prefix that components.cmake made.
# Without optimisation, as the library was not built: a user who debugs must get the same.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)
run(${CMAKE_COMMAND} -S ${SOURCE}/examples -B ${WORK}/examples -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${WORK}/prefix
  -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${CCACHE}
  "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror ${FLAGS}")
run(${CMAKE_COMMAND} --build ${WORK}/examples)
