"""Run a program that signs with a remote key, in a hardware module or a key service.

The program reads the bytes to sign from its standard input and writes only the signature to its standard output.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from watermark.errors import IdentityError

from .private_files import check_unwritable

_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SignCommand:
    """A program and its arguments that sign when the object is called; no shell is used.

    Attributes:
        arguments: The program's path, then its arguments.
        seconds: Time limit in seconds.
    """

    arguments: tuple[str, ...]
    seconds: float = _WAIT_SECONDS

    @classmethod
    def of(cls, *arguments: str) -> SignCommand:
        """Find a program by its absolute path, so that it is the same one whatever the working folder is later.

        Raises:
            IdentityError: There is no such program.
        """
        program = shutil.which(arguments[0]) if arguments else None
        if program is None:
            raise IdentityError(
                f"{arguments[0] if arguments else 'an empty command'}: is no program that can be run; "
                "give the program that signs, by its path, and its arguments"
            )
        return cls((str(Path(program).absolute()), *arguments[1:]))

    @property
    def program(self) -> str:
        """Return the program's path; its arguments may be secret."""
        return self.arguments[0]

    def __call__(self, content: bytes) -> bytes:
        """Return the signature of bytes.

        Raises:
            IdentityError: The program cannot be run, fails, takes too long, or writes nothing.
        """
        try:
            done = subprocess.run(  # noqa: S603 - the program that the user named, without a shell  # nosec B603
                self.arguments, input=content, capture_output=True, timeout=self.seconds, check=False
            )
        except OSError as error:
            raise IdentityError(f"{self.program} cannot be run ({error.strerror})") from error
        except subprocess.TimeoutExpired as error:
            raise IdentityError(f"{self.program} did not answer within {self.seconds:g} seconds") from error
        said = done.stderr.decode("utf-8", "replace").split("\n")
        reason = next((line.strip() for line in reversed(said) if line.strip()), "it said nothing")
        if done.returncode:
            raise IdentityError(f"{self.program} failed with code {done.returncode}: {reason}")
        if not done.stdout:
            raise IdentityError(f"{self.program} wrote no signature to its standard output: {reason}")
        return done.stdout

    @classmethod
    def load(cls, path: Path) -> SignCommand | None:
        """Read what `save` wrote; return None where the file does not exist.

        Raises:
            IdentityError: The file is damaged.
        """
        try:
            stored = json.loads(path.read_text("utf-8"))
            arguments, seconds = tuple(stored.pop("arguments")), float(stored.pop("seconds"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise IdentityError(f"{path}: cannot be read ({error}); restore it from a backup") from error
        if stored or not arguments or not all(isinstance(part, str) for part in arguments) or not seconds > 0:
            raise IdentityError(f"{path}: names no program that signs; restore it from a backup")
        if Path(arguments[0]).exists():
            check_unwritable(Path(arguments[0]))
        return cls(arguments, seconds)

    def dump(self) -> bytes:
        """Return the command as JSON."""
        return json.dumps(asdict(self), indent=1).encode()
