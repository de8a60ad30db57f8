# What `cmake --install` brings to a prefix.
include(CMakePackageConfigHelpers)

install(TARGETS whycam EXPORT whycam-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/whycam DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_BINARY_DIR}/include/whycam/version.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/whycam)
if(WHYCAM_BUILD_COMMAND)
  file(RELATIVE_PATH library_from_command ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(whycam_command PROPERTIES INSTALL_RPATH "$ORIGIN/${library_from_command}")
  install(TARGETS whycam_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/whycam)
install(EXPORT whycam-targets NAMESPACE whycam:: DESTINATION ${package_dir})
configure_package_config_file(cmake/whycam-config.cmake.in ${PROJECT_BINARY_DIR}/whycam-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/whycam-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/whycam-config.cmake ${PROJECT_BINARY_DIR}/whycam-config-version.cmake
  DESTINATION ${package_dir})
