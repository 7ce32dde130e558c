# For the toolchain files of the static presets: everything is found below the sysroot that
# tools/sysroot unpacks, and nothing of the machine's own packages is.
#
#   isojoule_static_toolchain(ARCHITECTURE)   the folder's name below build/sysroot
macro(isojoule_static_toolchain architecture)
  get_filename_component(ISOJOULE_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot/${architecture} ABSOLUTE)
  if(NOT EXISTS ${ISOJOULE_SYSROOT}/content)
    message(FATAL_ERROR "The static libraries are not there: run tools/sysroot ${architecture} first")
  endif()
  set(CMAKE_SYSTEM_NAME Linux)
  set(CMAKE_FIND_ROOT_PATH ${ISOJOULE_SYSROOT})
  set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
  set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
  # pkg-config of the machine, asked about the sysroot alone.
  set(ENV{PKG_CONFIG_LIBDIR} "${ISOJOULE_SYSROOT}/usr/lib/pkgconfig:${ISOJOULE_SYSROOT}/usr/share/pkgconfig")
  set(ENV{PKG_CONFIG_SYSROOT_DIR} "${ISOJOULE_SYSROOT}")
endmacro()
