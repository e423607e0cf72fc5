# Example programs: every examples/*.cpp is a program of its own.
file(GLOB GRADUS_EXAMPLE_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cpp)
foreach(source ${GRADUS_EXAMPLE_SOURCES})
  get_filename_component(program ${source} NAME_WE)
  add_executable(example_${program} ${source})
  target_link_libraries(example_${program} PRIVATE Gradus::gradus)
endforeach()
