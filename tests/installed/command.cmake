# find_package(whycam COMPONENTS command): with the command, without it, and with a component that there is not.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)
set(configure ${CMAKE_COMMAND} --fresh -S ${CMAKE_CURRENT_LIST_DIR}/command -B ${WORK}/command -G ${GENERATOR})

run(${configure} -DCMAKE_PREFIX_PATH=${WORK}/prefix)
run(${CMAKE_COMMAND} --build ${WORK}/command)
require_match("${output}" "whycam ${VERSION}" "the step's output")

set(package -Dwhycam_DIR=${WORK}/development-only/${LIBDIR}/cmake/whycam)
run_in_vain("install whycam's component \"command\"" ${configure} ${package})
run_in_vain("whycam has no component \"colour\"" ${configure} ${package} -DCOMPONENTS=colour)
