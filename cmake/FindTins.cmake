# libtins ships a pkg-config file that puts its own directory on the include path (ip.h, utils.h); this module does not.
find_path(TINS_INCLUDE_DIR tins/ethernetII.h)
find_library(TINS_LIBRARY tins)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Tins REQUIRED_VARS TINS_LIBRARY TINS_INCLUDE_DIR)
if(Tins_FOUND AND NOT TARGET Tins::Tins)
  add_library(Tins::Tins UNKNOWN IMPORTED)
  set_target_properties(Tins::Tins PROPERTIES IMPORTED_LOCATION ${TINS_LIBRARY}
                                              INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${TINS_INCLUDE_DIR})
endif()
