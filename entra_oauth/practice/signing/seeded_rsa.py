"""RSA keys from a seed.

The library offers no generator that can be seeded, so the primes are found here and handed
to it. Such a key is no secret: whoever knows the seed has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["KEY_BITS", "PUBLIC_EXPONENT", "derive_key"]

KEY_BITS = 2048
PUBLIC_EXPONENT = 65537


def derive_key(seed: int) -> RSAPrivateKey:
    """The RSA key of a seed, the same on every machine. Takes about half a second."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    source = _numbers(seed)
    small = _small_primes(20_000)
    q, p = sorted((_prime(source, small), _prime(source, small)))
    d = pow(PUBLIC_EXPONENT, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(PUBLIC_EXPONENT, p * q),
    ).private_key()


def _numbers(seed: int) -> Iterator[int]:
    """Endless 1024-bit odd numbers whose product has 2048 bits (top two bits set)."""
    import hashlib  # slow to import, and not needed to start

    turn = 0
    while True:
        text = f"entra-oauth practice signing key {seed} {turn}".encode("ascii")
        octets = hashlib.shake_256(text).digest(KEY_BITS // 16)
        yield int.from_bytes(octets) | (3 << (KEY_BITS // 2 - 2)) | 1
        turn += 1


def _prime(source: Iterator[int], small: list[int]) -> int:
    """The first prime at or shortly after the next number of the source."""
    for start in source:
        reach = 4096
        sieve = bytearray(b"\1") * reach  # sieve[i] stands for start + 2*i
        for prime in small:
            first = (-start * pow(2, -1, prime)) % prime
            sieve[first::prime] = bytes(len(range(first, reach, prime)))
        for i in range(reach):
            candidate = start + 2 * i
            if sieve[i] and candidate % PUBLIC_EXPONENT != 1 and _is_prime(candidate):
                return candidate
    raise AssertionError("the source is endless")


def _is_prime(number: int) -> bool:
    """Miller-Rabin. The first base rejects nearly all; twenty fixed ones settle it."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_passes(number, base, odd, twos) for base in _small_primes(72))


def _passes(number: int, base: int, odd: int, twos: int) -> bool:
    x = pow(base, odd, number)
    if x in (1, number - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % number
        if x == number - 1:
            return True
    return False


def _small_primes(below: int) -> list[int]:
    """The odd primes below a bound."""
    sieve = bytearray(b"\1") * below
    for i in range(3, int(below**0.5) + 1, 2):
        if sieve[i]:
            sieve[i * i :: 2 * i] = bytes(len(range(i * i, below, 2 * i)))
    return [i for i in range(3, below, 2) if sieve[i]]
