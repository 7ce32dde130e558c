# isojoule-twin-mount serves a twin's tree through FUSE. It is a program of its own, so that the core
# does not link libfuse3; without the library it is left out, and `isojoule twin mount` says so.
function(isojoule_mount)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(FUSE3 QUIET IMPORTED_TARGET fuse3)
  endif()
  if(NOT TARGET PkgConfig::FUSE3)
    message(STATUS "isojoule-twin-mount: not built: libfuse3 was not found (Debian: libfuse3-dev)")
    return()
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/app/mount/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  add_executable(isojoule-twin-mount ${sources})
  target_include_directories(isojoule-twin-mount PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(isojoule-twin-mount PRIVATE isojoule isojoule_flags CLI11::CLI11 fmt::fmt
                        PkgConfig::FUSE3)
  set_property(GLOBAL APPEND PROPERTY ISOJOULE_WORKERS isojoule-twin-mount)
endfunction()
