# The CMake package: find_package(Gradus) and Gradus::gradus for outside projects.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(GRADUS_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/Gradus)

install(TARGETS gradus EXPORT GradusTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT cpp)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/gradus ${GRADUS_GEN}/gradus DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT cpp OPTIONAL FILES_MATCHING PATTERN "*.h")
install(EXPORT GradusTargets NAMESPACE Gradus:: DESTINATION ${GRADUS_CONFIG_DIR} COMPONENT cpp)
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/GradusConfig.cmake.in ${PROJECT_BINARY_DIR}/GradusConfig.cmake
  INSTALL_DESTINATION ${GRADUS_CONFIG_DIR})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/GradusConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/GradusConfig.cmake ${PROJECT_BINARY_DIR}/GradusConfigVersion.cmake
  DESTINATION ${GRADUS_CONFIG_DIR} COMPONENT cpp)
