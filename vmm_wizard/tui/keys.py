"""What the keys do and what the signs mean, as F1 shows it."""

from __future__ import annotations

KEYS_HELP = """\
Tab, Shift+Tab     next and previous field
Enter              next field; in a list: more about what is chosen
Left, Right        choose one of a few words
Ctrl+N  Alt+Right  next page
Ctrl+P  Alt+Left   previous page
F3      Ctrl+G     go to any page
F4      Ctrl+L     list what was found for a field
Ctrl+S  F2         save the answers
Ctrl+R  F5         ask everything again
F1      Ctrl+T     this help
Ctrl+Q  F10        quit

The list of steps shows the state of each page:
+ ok       all is well, or nothing is asked here
. open     an answer or a password is missing
X error    a text that cannot be read
X FAIL     setup would fail
! warn     setup may go on, but you should know
? unknown  could not be found out
~ asking   the answer has not come yet

Next is never blocked. Only the run is: by what fails, by what is open, and by a few checks that must be known."""
