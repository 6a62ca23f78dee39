from feedsvc.tokens import PREFIX, hash_token, mint


def test_minted_tokens_are_recognisable_and_never_the_same() -> None:
    tokens = {mint() for _ in range(50)}
    assert len(tokens) == 50
    assert all(token.startswith(PREFIX) and len(token) == 46 and token.isascii() for token in tokens)


def test_the_hash_is_what_sha256_says_and_tells_nothing_of_the_token() -> None:
    assert hash_token("fs_abc") == "4842cc5917b608215ba6ba0a6575a3012a8e721892af2f4579c621cf7933873f"


def test_a_token_that_is_no_proper_text_has_a_hash_too() -> None:
    assert hash_token("\ud800") != hash_token("?")
