# What `cmake --install` brings to a prefix, in three components: `library` (what a program needs that runs), `development`
# (what one needs that is built) and `command`.
include(CMakePackageConfigHelpers)

install(TARGETS whycam EXPORT whycam-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
# libtorch is found again where it was found here, if that is no folder which the system searches by itself.
set_target_properties(whycam PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)

foreach(header IN LISTS WHYCAM_HEADERS)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES include/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder} COMPONENT development)
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/include/whycam/version.h include/whycam/methods.def
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/whycam COMPONENT development)

get_target_property(kind whycam TYPE)
string(COMPARE EQUAL ${kind} STATIC_LIBRARY WHYCAM_STATIC)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/whycam)
install(EXPORT whycam-targets NAMESPACE whycam:: DESTINATION ${package_dir} COMPONENT development)
configure_package_config_file(cmake/whycam-config.cmake.in ${PROJECT_BINARY_DIR}/whycam-config.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/whycam-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/whycam-config.cmake ${PROJECT_BINARY_DIR}/whycam-config-version.cmake
  DESTINATION ${package_dir} COMPONENT development)
include(cmake/PkgConfig.cmake)

if(WHYCAM_BUILD_COMMAND)
  file(RELATIVE_PATH library_from_command ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(whycam_command PROPERTIES
    INSTALL_RPATH "$ORIGIN/${library_from_command}" INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS whycam_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
  install(FILES ${PROJECT_BINARY_DIR}/cli/whycam.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT command)
  install(FILES cli/completions/whycam.bash RENAME whycam
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT command)
  install(FILES cli/completions/_whycam DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT command)
  install(FILES cli/completions/whycam.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT command)
endif()
