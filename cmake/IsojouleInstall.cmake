# What `cmake --install` lays down: the program, the workers, the library with its headers, the data,
# and the package files for find_package(isojoule).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS isojoule_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
get_property(workers GLOBAL PROPERTY ISOJOULE_WORKERS)
if(workers)
  install(TARGETS ${workers} RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/isojoule)
endif()
install(DIRECTORY boards studies DESTINATION ${CMAKE_INSTALL_DATADIR}/isojoule)

if(ISOJOULE_STATIC)
  return()  # a program to carry about; the library is installed by an ordinary build
endif()

install(TARGETS isojoule EXPORT isojouleTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/isojoule DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_BINARY_DIR}/include/isojoule/version.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/isojoule)
install(EXPORT isojouleTargets NAMESPACE isojoule::
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/isojoule)
configure_package_config_file(cmake/isojouleConfig.cmake.in
  ${CMAKE_BINARY_DIR}/isojouleConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/isojoule)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/isojouleConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/isojouleConfig.cmake ${CMAKE_BINARY_DIR}/isojouleConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/isojoule)
