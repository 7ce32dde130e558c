# What `cmake --install` lays down: the program, the workers, the library with its headers, the data,
# and the package files for find_package(isojoule). What runs is the component `runtime` (the packages
# of ./package), what others build with is `development`.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
include(IsojouleManual)

install(TARGETS isojoule_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
get_property(workers GLOBAL PROPERTY ISOJOULE_WORKERS)
add_custom_target(isojoule_runtime DEPENDS isojoule_cli ${workers})  # all that the component needs
isojoule_manual()  # man pages and completions
if(TARGET isojoule_manual)
  add_dependencies(isojoule_runtime isojoule_manual)
endif()
if(workers)
  install(TARGETS ${workers} RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/isojoule COMPONENT runtime)
endif()
install(DIRECTORY boards studies DESTINATION ${CMAKE_INSTALL_DATADIR}/isojoule COMPONENT runtime)
# A dashboard of Grafana for what monitor, sessions and govern show at /metrics.
install(FILES data/grafana/isojoule.json
        DESTINATION ${CMAKE_INSTALL_DATADIR}/isojoule/grafana COMPONENT runtime)
# The helper that writes knobs for users who are not root, its units, and the agent's of a fleet.
add_dependencies(isojoule_runtime isojouled)
install(TARGETS isojouled RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
# They name the program by its full path.
set(ISOJOULED ${CMAKE_INSTALL_FULL_BINDIR}/isojouled)
configure_file(data/systemd/isojouled.service.in ${CMAKE_BINARY_DIR}/isojouled.service @ONLY)
set(ISOJOULE ${CMAKE_INSTALL_FULL_BINDIR}/isojoule)
configure_file(data/systemd/isojoule-agent.service.in ${CMAKE_BINARY_DIR}/isojoule-agent.service @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/isojouled.service data/systemd/isojouled.socket
        ${CMAKE_BINARY_DIR}/isojoule-agent.service
        DESTINATION lib/systemd/system COMPONENT runtime)
install(FILES data/systemd/sysusers.conf RENAME isojoule.conf
        DESTINATION lib/sysusers.d COMPONENT runtime)
# The agent's settings, to be copied to /etc/isojoule (the Debian package does).
install(FILES data/systemd/agent.conf DESTINATION ${CMAKE_INSTALL_DATADIR}/isojoule COMPONENT runtime)

# The client in its source, to be built with the board's own compiler.
install(FILES src/mark/isojoule.c DESTINATION ${CMAKE_INSTALL_DATADIR}/isojoule/mark COMPONENT runtime)
install(FILES include/isojoule/isojoule.h include/isojoule/isojoule.hpp
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/isojoule COMPONENT runtime)
if(ISOJOULE_STATIC)
  return()  # a program to carry about; the library is installed by an ordinary build
endif()

# Programs that were linked to the client, and the Python module, need its library to run.
get_property(parts GLOBAL PROPERTY ISOJOULE_RUNTIME_PARTS)
add_dependencies(isojoule_runtime isojoule_mark_shared ${parts})
install(TARGETS isojoule isojoule_mark isojoule_mark_shared EXPORT isojouleTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime
                NAMELINK_COMPONENT runtime)  # isojoule.h is there: -lisojoule_mark should be, too
install(DIRECTORY include/isojoule DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(FILES ${CMAKE_BINARY_DIR}/include/isojoule/version.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/isojoule COMPONENT development)
install(EXPORT isojouleTargets NAMESPACE isojoule::
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/isojoule COMPONENT development)
configure_package_config_file(cmake/isojouleConfig.cmake.in
  ${CMAKE_BINARY_DIR}/isojouleConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/isojoule)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/isojouleConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/isojouleConfig.cmake ${CMAKE_BINARY_DIR}/isojouleConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/isojoule COMPONENT development)
