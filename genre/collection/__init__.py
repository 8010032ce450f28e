"""What a person does with a folder of songs: tags, playlists, an HTML page, similar songs."""
