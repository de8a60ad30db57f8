// Ctrl-C: the run stops behind what is finished.
#pragma once

namespace whycam::cli {

/// From now on SIGINT and SIGTERM are noted, and said to be; a second one ends the process at once, and one SIGTERM
/// after 4 seconds.
void note_interrupts();

/// The number of the signal that came; 0: none.
int interrupted();

}  // namespace whycam::cli
