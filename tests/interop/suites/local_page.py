"""`docs/local.md`, as it stands: its blocks are run in order and have to print what the page says."""

import shutil
import unittest

from harness.page import SERVER, Session, as_pattern, blocks
from harness.programs import REPOSITORY, WORK

PAGE = REPOSITORY / "docs" / "local.md"
#: Where the page's server keeps its store.
STORE = REPOSITORY / ".durable"


class LocalPage(unittest.TestCase):
    """docs/local.md with the AWS CLI and boto3."""

    def setUp(self):
        # The page begins with an empty store: one that is there already is put aside.
        kept = WORK / "kept-store"
        if STORE.exists():
            shutil.rmtree(kept, ignore_errors=True)
            STORE.rename(kept)
            self.addCleanup(kept.rename, STORE)
        self.addCleanup(shutil.rmtree, STORE, ignore_errors=True)

    def test_every_block_does_what_the_page_says(self):
        session = Session()
        self.addCleanup(session.close)
        for block in blocks(PAGE):
            code, output = session.run(block)
            print("    " + f"$ {block.code}{output}".strip().replace("\n", "\n    "), flush=True)
            self.assertEqual(code, 0, f"{block.code}\n{output}")
            if block.expected is not None:
                pattern = as_pattern(block.expected)
                # A server says more as it goes on.
                said = pattern.search(output) if block.language == SERVER else pattern.fullmatch(output.strip())
                self.assertTrue(said, f"{output}\nis not what the page says:\n{block.expected}")
