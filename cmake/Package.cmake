# Debian packages of the installed components: `cpack -G DEB` in the build folder. A build without libtorch gives libwhycam0.2,
# libwhycam-dev and whycam; one with Debian's own libtorch libwhycam-torch0.2, libwhycam-torch-dev and whycam-torch. The libraries of
# both can be installed at once; of the commands and of the headers, which have the same names, one.
string(REPLACE _ - package ${WHYCAM_LIBRARY_NAME})
set(maintainer "whycam's packager <packager@localhost>")
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})  # as Debian's tools take it
  set(maintainer "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(WHYCAM_PACKAGE_MAINTAINER "${maintainer}" CACHE STRING "Who answers for the Debian packages: Name <address>")

set(CPACK_PACKAGE_NAME ${package})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # CPack would put it before each package's own
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL library development command)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian_staging.cmake)

set(library_package lib${package}${WHYCAM_SOVERSION})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library_package})
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME lib${package}-dev)
set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME ${package})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${WHYCAM_PACKAGE_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# What dpkg-shlibdeps finds in the files, and what it cannot see there.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/src)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")  # the SONAME says which versions do
file(WRITE ${PROJECT_BINARY_DIR}/debian/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/triggers)
set(same_version "${library_package} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
set(CPACK_DEBIAN_COMMAND_PACKAGE_DEPENDS "${same_version}")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${same_version}")
set(files "saved by torch.export or as ONNX")
if(WHYCAM_TORCH)
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${same_version}, libtorch-dev")
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_RECOMMENDS libopenblas0-pthread)
  set(files "saved by torch.export, as ONNX\nor as TorchScript, or written in C++")
  set(other whycam)
else()
  set(other whycam-torch)
endif()
foreach(field IN ITEMS CONFLICTS REPLACES)
  set(CPACK_DEBIAN_COMMAND_PACKAGE_${field} ${other})
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_${field} lib${other}-dev)
endforeach()

set(description "whycam shows why a network decided: Guided Grad-CAM, Grad-CAM, guided
backpropagation and their kin, without Python, for networks that are
${files}.")
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "Guided Grad-CAM in C++, shared library\n${description}")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "Guided Grad-CAM in C++, headers and CMake package\n${description}")
set(CPACK_DEBIAN_COMMAND_DESCRIPTION "show why a convolutional network decided\n${description}")

include(CPack)
