# The guide, the other documents and the API reference as one static site. A project that has whycam as a part of it may have a
# target of that name.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()
find_program(DOXYGEN doxygen)
if(DOXYGEN)
  configure_file(${PROJECT_SOURCE_DIR}/docs/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)
  add_custom_target(site
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${PROJECT_BINARY_DIR}/site
    COMMAND ${DOXYGEN} ${PROJECT_BINARY_DIR}/Doxyfile
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${PROJECT_SOURCE_DIR}/examples ${PROJECT_BINARY_DIR}/site/sources/examples
    COMMAND ${CMAKE_COMMAND} -E copy ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_BINARY_DIR}/site/sources
    COMMENT "Writing build/site/index.html")
endif()
