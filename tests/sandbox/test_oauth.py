from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import twitchio
from twitchio.authentication import OAuth, Scopes

REDIRECT = "http://localhost:4343/oauth/callback"


@pytest.fixture
async def oauth(twitch):
    client = OAuth(
        client_id=twitch.client_id,
        client_secret=twitch.client_secret,
        redirect_uri=REDIRECT,
        scopes=Scopes(["user:read:chat", "user:bot"]),
    )
    yield client
    await client.close()


@pytest.fixture
async def browser():
    async with aiohttp.ClientSession() as http:
        yield http


async def decide(browser: aiohttp.ClientSession, url: str, **form: str) -> dict[str, str]:
    """What the page sends back to the application."""
    async with browser.post(url, data=form, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        where = answer.headers["Location"]
    assert where.startswith(REDIRECT + "?")
    return {key: values[0] for key, values in parse_qs(urlsplit(where).query).items()}


async def test_signing_in_gives_a_token_that_validates_refreshes_and_dies(twitch, oauth, browser):
    url = oauth.get_authorization_url(state="secret-state").url
    async with browser.get(url) as page:
        assert "user:read:chat" in await page.text()
    answer = await decide(browser, url, login="Aurora", decision="allow")
    assert answer["state"] == "secret-state"
    token = await oauth.user_access_token(answer["code"])
    assert sorted(token.scope) == ["user:bot", "user:read:chat"]
    valid = await oauth.validate_token(token.access_token)
    assert (valid.login, valid.user_id) == ("aurora", twitch.add_user("aurora").id)
    assert sorted(valid.scopes) == ["user:bot", "user:read:chat"]
    with pytest.raises(twitchio.HTTPException, match="Invalid authorization code"):
        await oauth.user_access_token(answer["code"])
    fresh = await oauth.refresh_token(token.refresh_token)
    assert fresh.access_token != token.access_token
    params = {"client_id": twitch.client_id, "token": fresh.access_token}
    async with browser.post(f"{twitch.id_url}oauth2/revoke", params=params) as revoked:
        assert revoked.status == 200
    with pytest.raises(twitchio.HTTPException, match="invalid access token"):
        await oauth.validate_token(fresh.access_token)


async def test_refusing_says_so(oauth, browser):
    answer = await decide(browser, oauth.get_authorization_url(state="s").url, login="", decision="deny")
    assert (answer["error"], answer["state"]) == ("access_denied", "s")


async def test_an_app_token_belongs_to_nobody(oauth):
    token = await oauth.client_credentials_token()
    valid = await oauth.validate_token(token.access_token)
    assert (valid.user_id, valid.login) == (None, None)


@pytest.mark.parametrize(
    ("form", "status", "message"),
    [
        ({"client_id": "other"}, 400, "invalid client"),
        ({"client_secret": "wrong"}, 403, "invalid client secret"),
        ({"grant_type": "magic"}, 400, "unsupported grant type"),
        ({"grant_type": "refresh_token", "refresh_token": "made-up"}, 400, "Invalid refresh token"),
    ],
)
async def test_refusals_of_the_token_endpoint(twitch, browser, form, status, message):
    good = {"client_id": twitch.client_id, "client_secret": twitch.client_secret, "grant_type": "client_credentials"}
    async with browser.post(f"{twitch.id_url}oauth2/token", data={**good, **form}) as answer:
        assert await answer.json() == {"status": status, "message": message}


async def test_a_code_is_bound_to_its_redirect_address(oauth, browser):
    answer = await decide(browser, oauth.get_authorization_url(state="s").url, login="aurora", decision="allow")
    with pytest.raises(twitchio.HTTPException, match="redirect_uri"):
        await oauth.user_access_token(answer["code"], redirect_uri="http://localhost:1/elsewhere")


async def test_the_page_shows_hostile_parameters_as_text(twitch, browser):
    query = {
        "client_id": twitch.client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "<script>alert(1)</script>",
    }
    async with browser.get(f"{twitch.id_url}oauth2/authorize", params=query) as page:
        assert page.status == 200
        assert "<script>" not in await page.text()
