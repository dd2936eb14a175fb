"""Response shapes of imports."""

from .files import (
    ImportDetail,
    ImportOut,
    ImportRowOut,
    Templates,
    import_detail,
    import_out,
    import_row_out,
    template_out,
)
from .reading_files import ReadingFileDetail, ReadingFileOut, reading_file_detail, reading_file_out

__all__ = [
    "ImportDetail",
    "ImportOut",
    "ImportRowOut",
    "ReadingFileDetail",
    "ReadingFileOut",
    "Templates",
    "import_detail",
    "import_out",
    "import_row_out",
    "reading_file_detail",
    "reading_file_out",
    "template_out",
]
