# The API reference.
find_program(DOXYGEN doxygen)
if(DOXYGEN)
  set(WHYCAM_REFERENCE_OUTPUT ${PROJECT_BINARY_DIR}/reference)
  configure_file(${PROJECT_SOURCE_DIR}/docs/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)
  add_custom_target(reference COMMAND ${DOXYGEN} ${PROJECT_BINARY_DIR}/Doxyfile COMMENT "Writing the API reference into build/reference")
endif()
