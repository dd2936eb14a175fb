"""DLMS/COSEM meters: what was read into readings, and the driver.

Not built: accounts and credits of prepayment, short names, meters that push, suites 1 and 2, HLS other than
GMAC, extended and demand registers. No association settings of a particular make are known here: keys and
addresses come from whoever owns the meters.
"""

from mita.drivers.dlms.clock import clock_bytes, clock_s
from mita.drivers.dlms.driver import DlmsDriver
from mita.drivers.dlms.settings import PORT, Settings, settings

__all__ = ["PORT", "DlmsDriver", "Settings", "clock_bytes", "clock_s", "settings"]
